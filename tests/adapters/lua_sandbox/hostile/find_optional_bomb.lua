-- expect: timeout
local n = 30
return {string.find(("a"):rep(n), ("a?"):rep(n) .. ("a"):rep(n))}
