-- expect: ok
assert(getmetatable(json.null) == "null")
assert(not pcall(function() return json.null.x end))
assert(not pcall(setmetatable, json.null, {}))
return {}
