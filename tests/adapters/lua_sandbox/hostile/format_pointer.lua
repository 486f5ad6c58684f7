-- expect: ok
return {type(string.format("%p", {}))}
