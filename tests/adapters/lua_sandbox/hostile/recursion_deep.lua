-- expect: lua_error lua_memory
local function f() return 1 + f() end
return {f()}
