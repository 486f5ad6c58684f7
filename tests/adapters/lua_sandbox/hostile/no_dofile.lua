-- expect: lua_error
return {dofile("/etc/passwd")}
