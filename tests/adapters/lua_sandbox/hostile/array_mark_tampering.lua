-- expect: ok
local a = array{1}
assert(getmetatable(a) == "array")
assert(not pcall(function() getmetatable(a).__index = 1 end))
setmetatable(a, {__index = {leak = 1}})
local b = array{}
assert(b.leak == nil)
return {}
