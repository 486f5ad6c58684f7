-- expect: ok
pairs, next, type, pcall, error, print = nil, nil, nil, nil, nil, nil
string = {rep = 1}
leak = "leak"
_G._G = nil
return {}
