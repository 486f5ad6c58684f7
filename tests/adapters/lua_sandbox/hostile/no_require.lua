-- expect: lua_error
return {require("os")}
