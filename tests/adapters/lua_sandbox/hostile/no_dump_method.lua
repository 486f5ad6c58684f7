-- expect: lua_error
return {("x").dump(print)}
