-- expect: timeout
while true do pcall(host.call, "x", 1) end
