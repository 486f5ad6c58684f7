-- expect: lua_error
return {tonumber("z", 99)}
