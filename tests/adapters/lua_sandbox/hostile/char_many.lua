-- expect: ok
local t = {}
for i = 1, 7000 do t[i] = 65 end
return {#string.char(table.unpack(t))}
