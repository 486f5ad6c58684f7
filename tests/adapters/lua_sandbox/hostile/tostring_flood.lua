-- expect: timeout
while true do local s = tostring(math.random()) .. tostring({}) end
