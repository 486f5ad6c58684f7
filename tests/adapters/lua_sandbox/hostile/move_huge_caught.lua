-- expect: timeout
while true do pcall(table.move, {}, 1, 999999, 2, {}) end
