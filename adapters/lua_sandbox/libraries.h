#pragma once

#include <lua.hpp>

namespace troupe::lua_sandbox {

/// Pushes the table behind every environment: what scripts may call. The libraries in it are
/// sealed: a script sees empty tables that read through to the real ones and refuse to be written
/// to, so nothing that one job does to them reaches the next. Raises Lua errors (out of memory).
///
/// Left out: io os debug package require dofile loadfile load collectgarbage warn coroutine
/// string.dump. Added: array, json, host.
void push_base(lua_State* lua);

/// Replaces the table on top of the stack by a sealed view of it.
void seal(lua_State* lua);

/// Gives math.random a new seed, after a script chose one.
void reseed_random(lua_State* lua);

// Parts of push_base, each in its own file. They write into the table on top of the stack.
void add_guarded_functions(lua_State* lua);  ///< pcall, setmetatable, rawset … with our rules
void add_json_and_host(lua_State* lua);

}  // namespace troupe::lua_sandbox
