-- expect: lua_error
local function f() return (("x"):gsub(".", f)) end
return {f()}
