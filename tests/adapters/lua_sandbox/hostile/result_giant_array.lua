-- expect: result_too_large
local t = {}
for i = 1, 200000 do t[i] = ("y"):rep(60) end
return t
