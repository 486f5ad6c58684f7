-- expect: ok
local _ENV = {leak = 1}
leak = 2
return {}
