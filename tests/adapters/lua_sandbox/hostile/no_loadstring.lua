-- expect: lua_error
return {loadstring("return 1")()}
