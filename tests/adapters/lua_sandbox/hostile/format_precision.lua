-- expect: lua_error
return {string.format("%.999f", 1)}
