-- expect: timeout
local t = setmetatable({}, {__index = function() while true do end end})
table.move(t, 1, 10, 1, {})
