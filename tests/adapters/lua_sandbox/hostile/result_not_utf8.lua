-- expect: result_not_json
return {"\xC0\x80"}
