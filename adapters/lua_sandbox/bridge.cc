// What a script has beyond Lua itself: json and host.
#include "adapters/lua_sandbox/interpreter.h"
#include "adapters/lua_sandbox/libraries.h"
#include "adapters/lua_sandbox/values.h"

namespace troupe::lua_sandbox {
namespace {

/// Raises the message that `text` holds; no C++ object is alive then.
[[noreturn]] void raise_text(lua_State* lua, const std::string& text) {
  luaL_where(lua, 1);
  lua_pushlstring(lua, text.data(), text.size());
  lua_concat(lua, 2);
  lua_error(lua);
  __builtin_unreachable();
}

int json_encode(lua_State* lua) {
  luaL_checkany(lua, 1);
  Interpreter& interpreter = Interpreter::of(lua);
  std::string& out = interpreter.work();
  {
    Encoder encoder(lua, out, interpreter.result_bytes_max());
    if (!encoder.encode(1)) {
      out.clear();
      encoder.describe(out, "value");
      raise_text(lua, out);
    }
  }
  lua_pushlstring(lua, out.data(), out.size());
  return 1;
}

int json_decode(lua_State* lua) {
  std::size_t size = 0;
  const char* const bytes = luaL_checklstring(lua, 1, &size);
  Interpreter& interpreter = Interpreter::of(lua);
  if (utf8_prefix({bytes, size}) != size) return luaL_error(lua, "invalid JSON: not UTF-8");
  Decoder decoder(lua, {bytes, size}, interpreter.scratch());
  if (!decoder.document()) {
    return luaL_error(lua, "invalid JSON at byte %I: %s",
                      static_cast<LUAI_UACINT>(decoder.offset() + 1), decoder.problem());
  }
  return 1;
}

int after_host_call(lua_State* lua, int, lua_KContext) {
  Interpreter& interpreter = Interpreter::of(lua);
  const std::string& reply = interpreter.reply();
  if (!interpreter.reply_ok()) raise_text(lua, reply);
  Decoder decoder(lua, reply, interpreter.scratch());
  if (!decoder.document()) return luaL_error(lua, "the host's answer is not JSON");
  return 1;
}

int host_call(lua_State* lua) {
  std::size_t size = 0;
  const char* const name = luaL_checklstring(lua, 1, &size);
  if (size > 256) return luaL_argerror(lua, 1, "the name is too long");
  if (!lua_isyieldable(lua)) {
    return luaL_error(lua, "host.call is not possible inside a callback of a library function");
  }
  Interpreter& interpreter = Interpreter::of(lua);
  std::string* const work = interpreter.begin_host_call({name, size});
  if (work == nullptr) return luaL_error(lua, "too many host calls");
  std::string& out = *work;
  Encoder encoder(lua, out, interpreter.result_bytes_max());
  out.push_back('[');
  const int count = lua_gettop(lua);
  for (int i = 2; i <= count; ++i) {
    if (i > 2) out.push_back(',');
    if (encoder.encode(i)) continue;
    out.clear();
    encoder.describe(out, "argument");
    raise_text(lua, out);
  }
  out.push_back(']');
  return lua_yieldk(lua, 0, 0, after_host_call);
}

int null_to_string(lua_State* lua) {
  lua_pushliteral(lua, "null");
  return 1;
}

void lock_null_metatable(lua_State* lua) {
  push_null(lua);
  lua_createtable(lua, 0, 2);
  lua_pushcfunction(lua, null_to_string);
  lua_setfield(lua, -2, "__tostring");
  lua_pushliteral(lua, "null");
  lua_setfield(lua, -2, "__metatable");
  lua_setmetatable(lua, -2);
  lua_pop(lua, 1);
}

}  // namespace

void add_json_and_host(lua_State* lua) {
  lua_createtable(lua, 0, 1);
  lua_pushliteral(lua, "array");
  lua_setfield(lua, -2, "__metatable");
  lua_rawsetp(lua, LUA_REGISTRYINDEX, &kArrayMetatable);
  lock_null_metatable(lua);

  lua_createtable(lua, 0, 3);
  lua_pushcfunction(lua, json_encode);
  lua_setfield(lua, -2, "encode");
  lua_pushcfunction(lua, json_decode);
  lua_setfield(lua, -2, "decode");
  push_null(lua);
  lua_setfield(lua, -2, "null");
  seal(lua);
  lua_setfield(lua, -2, "json");

  lua_createtable(lua, 0, 1);
  lua_pushcfunction(lua, host_call);
  lua_setfield(lua, -2, "call");
  seal(lua);
  lua_setfield(lua, -2, "host");
}

}  // namespace troupe::lua_sandbox
