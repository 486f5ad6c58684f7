-- expect: lua_memory
local t = {}
for i = 1, math.huge do t[i] = "unique string number " .. i end
