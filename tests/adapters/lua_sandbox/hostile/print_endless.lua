-- expect: timeout
while true do print("x") end
