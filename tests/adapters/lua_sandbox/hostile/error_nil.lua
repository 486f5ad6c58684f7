-- expect: lua_error
error()
