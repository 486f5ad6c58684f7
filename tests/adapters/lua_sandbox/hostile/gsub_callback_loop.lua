-- expect: timeout
return {(("a"):gsub(".", function() while true do end end))}
