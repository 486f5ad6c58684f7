-- expect: ok
local t = setmetatable({}, {__mode = "k"})
for i = 1, 200000 do t[{}] = i end
return {}
