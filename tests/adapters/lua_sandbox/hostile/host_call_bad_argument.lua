-- expect: lua_error
return host.call("x", print)
