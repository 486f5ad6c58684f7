-- expect: timeout
return {(("a"):rep(60000):gsub(".-.-.-b", ""))}
