-- expect: lua_syntax
return } end if
