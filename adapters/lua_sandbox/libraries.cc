#include "adapters/lua_sandbox/libraries.h"

#include <initializer_list>

#include "adapters/lua_sandbox/interpreter.h"
#include "adapters/lua_sandbox/values.h"

namespace troupe::lua_sandbox {
namespace {

constexpr char kSealed = 's';       // key inside the metatable of a sealed table
constexpr char kMathLibrary = 'm';  // key of the registry
constexpr lua_Integer kUnpackMax = 8000;
constexpr lua_Integer kMoveMax = 1'000'000;

int refuse_write(lua_State* lua) { return luaL_error(lua, "attempt to change a library"); }

// pairs() over a sealed table gets a copy: the real table must not reach a script.
int sealed_pairs(lua_State* lua) {
  lua_getglobal(lua, "next");
  lua_newtable(lua);
  lua_pushnil(lua);
  while (lua_next(lua, lua_upvalueindex(1)) != 0) {
    lua_pushvalue(lua, -2);
    lua_insert(lua, -2);
    lua_rawset(lua, -4);
  }
  lua_pushnil(lua);
  return 3;
}

bool is_sealed(lua_State* lua, int index) {
  if (!lua_getmetatable(lua, index)) return false;
  const bool sealed = lua_rawgetp(lua, -1, &kSealed) != LUA_TNIL;
  lua_pop(lua, 2);
  return sealed;
}

// The limits of a job cannot be caught: every protected call passes them on.
int finish_protected(lua_State* lua, int status, lua_KContext extra) {
  Interpreter& interpreter = Interpreter::of(lua);
  if (status == LUA_OK || status == LUA_YIELD) {
    return lua_gettop(lua) - static_cast<int>(extra);
  }
  if (status == LUA_ERRMEM) interpreter.note_out_of_memory();
  if (interpreter.limit() != Limit::kNone) Interpreter::raise_limit(lua);
  lua_pushboolean(lua, 0);
  lua_insert(lua, -2);
  return 2;
}

int guarded_pcall(lua_State* lua) {
  luaL_checkany(lua, 1);
  lua_pushboolean(lua, 1);
  lua_insert(lua, 1);
  const int status = lua_pcallk(lua, lua_gettop(lua) - 2, LUA_MULTRET, 0, 0, finish_protected);
  return finish_protected(lua, status, 0);
}

int guarded_xpcall(lua_State* lua) {
  luaL_checktype(lua, 2, LUA_TFUNCTION);
  const int arguments = lua_gettop(lua) - 2;
  lua_pushboolean(lua, 1);
  lua_pushvalue(lua, 1);
  lua_rotate(lua, 3, 2);  // function, handler, true, function, arguments
  const int status = lua_pcallk(lua, arguments, LUA_MULTRET, 2, 2, finish_protected);
  return finish_protected(lua, status, 2);
}

int guarded_setmetatable(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  const int type = lua_type(lua, 2);
  luaL_argexpected(lua, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
  if (type == LUA_TTABLE) {
    lua_pushliteral(lua, "__gc");
    // Lua switches its hooks off inside a finalizer, so a loop in one could not be ended cheaply.
    if (lua_rawget(lua, 2) != LUA_TNIL) return luaL_error(lua, "__gc is not available here");
    lua_pop(lua, 1);
  }
  if (lua_getmetatable(lua, 1)) {
    lua_rawgetp(lua, LUA_REGISTRYINDEX, &kArrayMetatable);
    const bool array = lua_rawequal(lua, -1, -2) != 0;
    lua_pop(lua, 2);
    // An array from JSON may get a metatable of the script's own instead of our mark.
    if (!array && luaL_getmetafield(lua, 1, "__metatable") != LUA_TNIL) {
      return luaL_error(lua, "cannot change a protected metatable");
    }
  }
  lua_settop(lua, 2);
  lua_setmetatable(lua, 1);
  return 1;
}

int guarded_rawset(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  luaL_checkany(lua, 2);
  luaL_checkany(lua, 3);
  if (is_sealed(lua, 1)) return refuse_write(lua);
  lua_settop(lua, 3);
  lua_rawset(lua, 1);
  return 1;
}

int guarded_rawget(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  luaL_checkany(lua, 2);
  Interpreter& interpreter = Interpreter::of(lua);
  if (interpreter.is_environment(lua_topointer(lua, 1))) interpreter.materialize_globals(lua);
  lua_settop(lua, 2);
  lua_rawget(lua, 1);
  return 1;
}

int guarded_next(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  Interpreter& interpreter = Interpreter::of(lua);
  if (interpreter.is_environment(lua_topointer(lua, 1))) interpreter.materialize_globals(lua);
  lua_settop(lua, 2);
  if (lua_next(lua, 1) != 0) return 2;
  lua_pushnil(lua);
  return 1;
}

int print(lua_State* lua) {
  const int count = lua_gettop(lua);
  luaL_Buffer buffer;
  luaL_buffinit(lua, &buffer);
  for (int i = 1; i <= count; ++i) {
    if (i > 1) luaL_addchar(&buffer, '\t');
    luaL_tolstring(lua, i, nullptr);
    luaL_addvalue(&buffer);
  }
  luaL_pushresult(&buffer);
  std::size_t size = 0;
  const char* const bytes = lua_tolstring(lua, -1, &size);
  Interpreter::of(lua).print({bytes, size});
  return 0;
}

int array(lua_State* lua) {
  lua_settop(lua, 1);
  if (lua_isnil(lua, 1)) {
    lua_newtable(lua);
    lua_replace(lua, 1);
  }
  luaL_checktype(lua, 1, LUA_TTABLE);
  if (lua_getmetatable(lua, 1)) return luaL_argerror(lua, 1, "it has a metatable");
  lua_rawgetp(lua, LUA_REGISTRYINDEX, &kArrayMetatable);
  lua_setmetatable(lua, 1);
  return 1;
}

int guarded_rep(lua_State* lua) {
  std::size_t size = 0;
  std::size_t separator_size = 0;
  luaL_checklstring(lua, 1, &size);
  const lua_Integer count = luaL_checkinteger(lua, 2);
  luaL_optlstring(lua, 3, "", &separator_size);
  const std::size_t cap = Interpreter::of(lua).memory_bytes_max();
  // Empty text repeated 2^60 times is a loop in C that nothing but a signal would end.
  if (count <= 0 || size + separator_size == 0) {
    lua_pushliteral(lua, "");
    return 1;
  }
  if (static_cast<std::size_t>(count) > cap / (size + separator_size)) {
    Interpreter::of(lua).note_out_of_memory();
    Interpreter::raise_limit(lua);
  }
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  lua_call(lua, lua_gettop(lua) - 1, 1);
  return 1;
}

int guarded_unpack(lua_State* lua) {
  const lua_Integer first = luaL_optinteger(lua, 2, 1);
  const lua_Integer last = lua_isnoneornil(lua, 3) ? luaL_len(lua, 1) : luaL_checkinteger(lua, 3);
  if (first > last) return 0;
  const lua_Unsigned count = static_cast<lua_Unsigned>(last) - static_cast<lua_Unsigned>(first);
  if (count >= static_cast<lua_Unsigned>(kUnpackMax)) {
    return luaL_error(lua, "too many results to unpack");
  }
  const int results = static_cast<int>(count) + 1;
  luaL_checkstack(lua, results, "too many results to unpack");
  for (int i = 0; i < results; ++i) lua_geti(lua, 1, first + i);
  return results;
}

int guarded_move(lua_State* lua) {
  const lua_Integer first = luaL_checkinteger(lua, 2);
  const lua_Integer last = luaL_checkinteger(lua, 3);
  if (last >= first && static_cast<lua_Unsigned>(last) - static_cast<lua_Unsigned>(first) >=
                           static_cast<lua_Unsigned>(kMoveMax)) {
    return luaL_error(lua, "too many elements to move");
  }
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  lua_call(lua, lua_gettop(lua) - 1, 1);
  return 1;
}

int guarded_randomseed(lua_State* lua) {
  Interpreter::of(lua).note_random_seeded();
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  lua_call(lua, lua_gettop(lua) - 1, 0);
  return 0;
}

/// Wraps the field of the table on top in `guard`, which finds the original as its upvalue.
void wrap(lua_State* lua, const char* field, lua_CFunction guard) {
  lua_getfield(lua, -1, field);
  lua_pushcclosure(lua, guard, 1);
  lua_setfield(lua, -2, field);
}

void drop(lua_State* lua, const char* field) {
  lua_pushnil(lua);
  lua_setfield(lua, -2, field);
}

/// Pushes what a standard library's opener returns.
void open_library(lua_State* lua, lua_CFunction opener) {
  lua_pushcfunction(lua, opener);
  lua_call(lua, 0, 1);
}

void set_sealed(lua_State* lua, const char* name) {
  seal(lua);
  lua_setfield(lua, -2, name);
}

void lock_string_metatable(lua_State* lua) {
  lua_pushliteral(lua, "");
  lua_getmetatable(lua, -1);
  lua_pushliteral(lua, "locked");
  lua_setfield(lua, -2, "__metatable");
  lua_pop(lua, 2);
}

}  // namespace

void seal(lua_State* lua) {
  lua_newtable(lua);  // what scripts see
  lua_createtable(lua, 0, 6);
  lua_pushvalue(lua, -3);
  lua_setfield(lua, -2, "__index");
  lua_pushcfunction(lua, refuse_write);
  lua_setfield(lua, -2, "__newindex");
  lua_pushvalue(lua, -3);
  lua_pushcclosure(lua, sealed_pairs, 1);
  lua_setfield(lua, -2, "__pairs");
  lua_pushboolean(lua, 0);
  lua_setfield(lua, -2, "__metatable");
  lua_pushboolean(lua, 1);
  lua_rawsetp(lua, -2, &kSealed);
  lua_setmetatable(lua, -2);
  lua_remove(lua, -2);
}

void add_guarded_functions(lua_State* lua) {
  const luaL_Reg functions[] = {{"pcall", guarded_pcall},   {"xpcall", guarded_xpcall},
                                {"print", print},           {"setmetatable", guarded_setmetatable},
                                {"rawset", guarded_rawset}, {"rawget", guarded_rawget},
                                {"next", guarded_next},     {"array", array},
                                {nullptr, nullptr}};
  luaL_setfuncs(lua, functions, 0);
}

void reseed_random(lua_State* lua) {
  lua_rawgetp(lua, LUA_REGISTRYINDEX, &kMathLibrary);
  lua_getfield(lua, -1, "randomseed");
  lua_call(lua, 0, 0);
  lua_pop(lua, 1);
}

void push_base(lua_State* lua) {
  open_library(lua, luaopen_base);  // fills the globals table, which no script can reach
  lua_createtable(lua, 0, 32);
  for (const char* name : {"assert", "error", "getmetatable", "ipairs", "pairs", "rawequal",
                           "rawlen", "select", "tonumber", "tostring", "type", "_VERSION"}) {
    lua_getfield(lua, -2, name);
    lua_setfield(lua, -2, name);
  }
  lua_remove(lua, -2);
  add_guarded_functions(lua);

  open_library(lua, luaopen_string);
  drop(lua, "dump");
  wrap(lua, "rep", guarded_rep);
  set_sealed(lua, "string");
  lock_string_metatable(lua);

  open_library(lua, luaopen_table);
  lua_pushcfunction(lua, guarded_unpack);
  lua_setfield(lua, -2, "unpack");
  wrap(lua, "move", guarded_move);
  set_sealed(lua, "table");

  open_library(lua, luaopen_math);
  wrap(lua, "randomseed", guarded_randomseed);
  lua_pushvalue(lua, -1);
  lua_rawsetp(lua, LUA_REGISTRYINDEX, &kMathLibrary);
  set_sealed(lua, "math");

  open_library(lua, luaopen_utf8);
  set_sealed(lua, "utf8");
  add_json_and_host(lua);
}

}  // namespace troupe::lua_sandbox
