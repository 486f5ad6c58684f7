-- expect: result_too_large
return {("x"):rep(9 << 20)}
