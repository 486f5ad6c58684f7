-- expect: result_not_table
return "{}"
