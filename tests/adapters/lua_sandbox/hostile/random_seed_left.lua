-- expect: ok
math.randomseed(42)
leak = math.random()
return {}
