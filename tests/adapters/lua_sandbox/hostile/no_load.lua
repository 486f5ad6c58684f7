-- expect: lua_error
return {load("return 1")()}
