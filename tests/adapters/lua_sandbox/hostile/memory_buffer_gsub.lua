-- expect: lua_memory
local s = ("x"):rep(1 << 20)
return {(s:gsub("x", ("y"):rep(1000)))}
