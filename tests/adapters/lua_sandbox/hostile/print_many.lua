-- expect: ok
for i = 1, 200000 do print(i, "line") end
return {}
