-- expect: lua_memory
local t = {}
pcall(function() while true do t[#t + 1] = ("x"):rep(100000) .. #t end end)
error(t)
