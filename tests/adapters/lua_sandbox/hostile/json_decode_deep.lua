-- expect: lua_error
return json.decode(("["):rep(100000))
