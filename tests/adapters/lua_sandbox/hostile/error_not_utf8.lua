-- expect: lua_error
error("\xff\xfe")
