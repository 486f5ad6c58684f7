-- expect: ok
assert(getmetatable("") == "locked")
assert(not pcall(function() getmetatable("").__index = {} end))
assert(not pcall(setmetatable, "", {}))
assert(not pcall(function() ("x").leak = 1 end))
return {}
