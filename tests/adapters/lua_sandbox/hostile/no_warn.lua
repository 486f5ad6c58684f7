-- expect: lua_error
warn("@on")
return {}
