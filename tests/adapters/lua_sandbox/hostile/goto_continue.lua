-- expect: timeout
local i = 0
while true do
  if i % 2 == 0 then goto continue end
  i = i + 1
  ::continue::
end
