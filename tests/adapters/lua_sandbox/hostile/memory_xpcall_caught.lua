-- expect: lua_memory
local t = {}
while true do
  xpcall(function() while true do t[#t + 1] = {{}} end end, function() return 1 end)
end
