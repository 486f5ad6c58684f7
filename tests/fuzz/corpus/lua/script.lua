local t = {1, 2, x = "a\u{E9}"}
for i, v in ipairs(t) do print(i, v // 1) end
goto done
::done::
return {n = #t, f = function(...) return ... end}
