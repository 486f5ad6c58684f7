-- expect: lua_error
local t = {}
setmetatable(t, {__index = t})
return {t.missing}
