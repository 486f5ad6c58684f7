-- expect: lua_error
return {select(-5, 1)}
