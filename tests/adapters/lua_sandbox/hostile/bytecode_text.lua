-- expect: lua_syntax
Lua
