-- expect: ok
assert(getmetatable(_G) == false)
assert(not pcall(setmetatable, _G, {}))
assert(not pcall(setmetatable, _ENV, {__index = print}))
return {}
