-- expect: lua_error
return {string.unpack("s8", "\xff\xff\xff\xff\xff\xff\xff\xff")}
