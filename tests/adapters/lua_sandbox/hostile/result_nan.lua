-- expect: result_not_json
return {0/0}
