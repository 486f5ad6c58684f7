-- expect: result_not_json
return {[true] = 1}
