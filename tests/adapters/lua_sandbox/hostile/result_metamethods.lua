-- expect: ok
return setmetatable({a = 1}, {__pairs = function() while true do end end, __index = function() while true do end end, __len = function() while true do end end})
