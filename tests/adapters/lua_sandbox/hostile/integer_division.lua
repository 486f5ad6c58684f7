-- expect: lua_error
return {1 // 0}
