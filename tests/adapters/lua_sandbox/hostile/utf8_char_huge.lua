-- expect: lua_error
return {utf8.char(1 << 40)}
