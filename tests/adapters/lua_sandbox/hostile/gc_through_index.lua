-- expect: ok
local mt = setmetatable({}, {__index = function() return function() while true do end end end})
setmetatable({}, mt)
for i = 1, 100000 do local x = {} end
return {}
