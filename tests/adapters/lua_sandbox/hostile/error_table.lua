-- expect: lua_error
error({message = "kaput"})
