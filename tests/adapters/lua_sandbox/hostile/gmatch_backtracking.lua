-- expect: timeout
for w in ("a"):rep(60000):gmatch(".-.-.-b") do end
return {}
