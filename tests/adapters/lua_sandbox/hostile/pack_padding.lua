-- expect: lua_error lua_memory
return {string.pack("!16 " .. ("Xi16"):rep(10) .. "c2147483647", "x")}
