-- expect: lua_error
return {math.mininteger % 0}
