-- expect: lua_error
print(setmetatable({}, {__tostring = function() return {} end}))
