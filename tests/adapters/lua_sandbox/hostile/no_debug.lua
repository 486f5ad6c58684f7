-- expect: lua_error
return {debug.getregistry()}
