-- expect: result_not_json
local a, b = {}, {}
a.b = b
b.a = a
return a
