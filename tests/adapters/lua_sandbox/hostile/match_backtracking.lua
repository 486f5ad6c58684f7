-- expect: timeout
return {("x"):rep(50000):match("(.-)(.-)(.-)(.-)y")}
