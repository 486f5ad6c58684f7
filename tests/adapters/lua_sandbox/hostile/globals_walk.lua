-- expect: ok
local bad = {io = true, os = true, debug = true, package = true, load = true, loadfile = true, dofile = true,
  require = true, collectgarbage = true, coroutine = true, warn = true, dump = true, getregistry = true}
local seen, found = {}, array{}
local function walk(t)
  if seen[t] then return end
  seen[t] = true
  for k, v in pairs(t) do
    if bad[k] then found[#found + 1] = tostring(k) end
    if type(v) == "table" then walk(v) end
  end
end
walk(_G)
for name in pairs(bad) do if _G[name] ~= nil then found[#found + 1] = name end end
for _, lib in ipairs({string, table, math, utf8, json, host}) do walk(lib) end
assert(#found == 0, table.concat(found, " "))
return {found = found}
