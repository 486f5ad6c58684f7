-- expect: lua_memory
do
  local t = {}
  for i = 1, 200000 do t[i] = {} end
end
local big = {}
while true do big[#big + 1] = ("x"):rep((1 << 20) + #big) end
