#include "adapters/lua_sandbox/syntax.h"

#include <lua.hpp>

#include "adapters/lua_sandbox/heap.h"
#include "adapters/lua_sandbox/values.h"

namespace troupe::lua_sandbox {

Status Syntax::check(std::string_view source, std::string_view) const {
  Heap heap;
  heap.cap = memory_bytes_max_;
  lua_State* const lua = lua_newstate(&Heap::reallocate, &heap);
  if (lua == nullptr) return Error{Code::kUnavailable, "no memory for the Lua parser", {}};
  // The name of the chunk is ours: it is cut off again below.
  const int status = luaL_loadbufferx(lua, source.data(), source.size(), "=script", "t");
  Error error{Code::kLuaSyntax, {}, {}};
  if (status == LUA_ERRMEM) {
    error.message = "the script needs too much memory to compile";
  } else if (status != LUA_OK) {
    std::size_t size = 0;
    const char* const bytes = lua_tolstring(lua, -1, &size);
    const std::string_view message(bytes == nullptr ? "" : bytes, size);
    constexpr std::string_view kPrefix = "script:";
    error.message = message.starts_with(kPrefix)
                        ? std::string("line ").append(message.substr(kPrefix.size()))
                        : std::string("line 1: nested too deeply: ").append(message);
    error.message.resize(utf8_prefix(error.message));
  }
  lua_close(lua);
  if (status == LUA_OK) return ok();
  return error;
}

}  // namespace troupe::lua_sandbox
