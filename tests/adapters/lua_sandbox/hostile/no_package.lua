-- expect: lua_error
return {package.loadlib("libc.so.6", "system")}
