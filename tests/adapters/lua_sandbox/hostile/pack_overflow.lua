-- expect: lua_error
return {string.pack("i17", 1)}
