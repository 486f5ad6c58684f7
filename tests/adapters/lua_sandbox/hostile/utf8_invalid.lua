-- expect: lua_error
return {utf8.codepoint("\xff", 1)}
