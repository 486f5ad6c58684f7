-- expect: ok
assert(not pcall(function() string.leak = 1 end))
assert(not pcall(function() string.rep = nil end))
assert(not pcall(rawset, string, "leak", 1))
assert(not pcall(rawset, table, "insert", 1))
assert(not pcall(setmetatable, math, {}))
assert(not pcall(table.insert, math, 1))
assert(not pcall(table.move, {1, 2}, 1, 2, 1, string))
assert(getmetatable(string) == false)
for _, lib in ipairs({string, table, math, utf8, json, host}) do
  local f, real = pairs(lib)
  real.leak = "leak"
  assert(rawget(lib, "leak") == nil and lib.leak == nil)
end
return {}
