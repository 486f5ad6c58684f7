-- expect: lua_error ok timeout
local function f() return pcall(f) end
return {f()}
