-- expect: timeout
local x = 1.1
while true do x = x ^ 1.0000001 % 7 end
