-- expect: lua_error lua_memory
local t = {1}
for i = 1, 60 do t = {t, t} end
return {json.encode(t)}
