-- expect: ok
local refused = 0
for i = 1, 2000 do
  local _, message = pcall(host.call, "x", 1)
  if message:find("too many") then refused = refused + 1 end
end
assert(refused == 1000)
return {}
