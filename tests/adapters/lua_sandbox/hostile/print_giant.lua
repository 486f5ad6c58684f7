-- expect: ok
print(("x"):rep(5 << 20))
return {}
