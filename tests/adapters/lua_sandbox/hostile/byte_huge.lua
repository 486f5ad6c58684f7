-- expect: lua_error
local s = ("x"):rep(2000000)
return {s:byte(1, -1)}
