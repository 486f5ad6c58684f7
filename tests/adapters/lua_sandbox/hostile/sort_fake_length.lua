-- expect: timeout
local t = setmetatable({}, {__len = function() return 2147483646 end, __index = function(_, i) return -i end, __newindex = function() end})
table.sort(t)
return {}
