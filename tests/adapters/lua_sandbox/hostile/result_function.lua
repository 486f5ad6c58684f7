-- expect: result_not_json
return {f = print}
