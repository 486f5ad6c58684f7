-- expect: lua_memory
return {string.rep("x", 1 << 40)}
