-- expect: lua_error
collectgarbage("stop")
return {}
