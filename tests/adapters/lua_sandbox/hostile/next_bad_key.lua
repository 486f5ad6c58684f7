-- expect: lua_error
return {next({}, "nothing")}
