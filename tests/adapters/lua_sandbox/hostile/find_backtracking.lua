-- expect: timeout
return {string.find(("a"):rep(60000), ".-.-.-b")}
