-- expect: lua_error
error(("x"):rep(5 << 20))
