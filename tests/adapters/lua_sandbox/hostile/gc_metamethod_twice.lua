-- expect: lua_error
local mt = {}
setmetatable({}, mt)
mt.__gc = print
setmetatable({}, mt)
return {}
