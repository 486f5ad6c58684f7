-- expect: timeout
while true do for _ in utf8.codes(("é"):rep(1000)) do end end
