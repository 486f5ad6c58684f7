-- expect: lua_error
return {os.execute("true")}
