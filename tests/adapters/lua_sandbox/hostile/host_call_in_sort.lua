-- expect: lua_error
table.sort({3, 2, 1}, function(a, b) return host.call("less", a, b) end)
