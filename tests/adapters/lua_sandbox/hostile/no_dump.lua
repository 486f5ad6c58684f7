-- expect: lua_error
return {string.dump(function() end)}
