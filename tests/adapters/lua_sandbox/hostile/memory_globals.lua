-- expect: lua_memory
for i = 1, math.huge do _G["g" .. i] = {} end
