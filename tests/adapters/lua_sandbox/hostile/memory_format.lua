-- expect: lua_memory
local s = ("x"):rep(8 << 20)
return {string.format(("%s"):rep(50), s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s)}
