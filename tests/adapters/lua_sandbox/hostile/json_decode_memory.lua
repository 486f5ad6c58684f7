-- expect: lua_memory
local s = "[" .. ("{},"):rep(2000000) .. "{}]"
local keep = {}
while true do keep[#keep + 1] = json.decode(s) end
