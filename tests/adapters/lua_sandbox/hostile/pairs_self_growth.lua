-- expect: timeout lua_error lua_memory
local t = {1}
for k in pairs(t) do t[k + 1] = 1 t[tostring(k)] = 1 end
while true do end
