-- expect: result_not_json
return {1, 2, x = 3}
