-- expect: lua_memory
local t = {}
local function grow() for i = 1, math.huge do t[#t + 1] = {} end end
while true do pcall(grow) end
