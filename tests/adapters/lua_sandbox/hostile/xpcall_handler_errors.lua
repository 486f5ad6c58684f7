-- expect: lua_error
local function h(m) error(m) end
local ok, m = xpcall(function() error("x") end, h)
error(tostring(m))
