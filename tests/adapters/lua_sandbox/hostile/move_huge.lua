-- expect: lua_error timeout
table.move({}, 1, 2^40, 2, {})
return {}
