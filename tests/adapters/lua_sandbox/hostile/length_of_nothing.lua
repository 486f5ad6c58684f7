-- expect: lua_error
return {#nil}
