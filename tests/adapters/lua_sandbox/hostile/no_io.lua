-- expect: lua_error
return {io.open("/etc/passwd"):read("a")}
