-- expect: timeout
for i = 1, 10 do pcall(host.call, "x") end
while true do end
