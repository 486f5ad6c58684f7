-- expect: lua_error
return {loadfile("/etc/passwd")}
