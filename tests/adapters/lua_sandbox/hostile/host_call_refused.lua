-- expect: lua_error
return host.call("read_file", "/etc/passwd")
