#include "adapters/lua_sandbox/interpreter.h"

#include <ctime>

#include <algorithm>
#include <new>

#include "adapters/lua_sandbox/frames.h"
#include "adapters/lua_sandbox/libraries.h"
#include "adapters/lua_sandbox/values.h"

namespace troupe::lua_sandbox {
namespace {

// Keys of the registry.
constexpr char kEnvironment = 'e';
constexpr char kEnvironmentMetatable = 'm';

constexpr unsigned kJobsMax = 5000;
// The clock of a script stands still during a host call, so a loop of them would never end.
constexpr unsigned kHostCallsMax = 1000;
constexpr std::size_t kChunksMax = 256;

constexpr std::string_view kKnownGlobals[] = {"input", "steps", "item", "index",
                                              "loop",  "body",  "run",  "prev"};

bool is_known(std::string_view name) {
  return std::find(std::begin(kKnownGlobals), std::end(kKnownGlobals), name) !=
         std::end(kKnownGlobals);
}

/// Ids with hyphens are reachable with underscores as well: the table on top reads through to a
/// table of aliases, which pairs() does not visit and a true id hides.
void alias_hyphens(lua_State* lua) {
  if (!lua_istable(lua, -1)) return;
  const int table = lua_gettop(lua);
  bool any = false;
  lua_pushnil(lua);
  while (lua_next(lua, table) != 0) {
    std::size_t size = 0;
    const char* const key =
        lua_type(lua, -2) == LUA_TSTRING ? lua_tolstring(lua, -2, &size) : nullptr;
    if (key == nullptr || std::string_view(key, size).find('-') == std::string_view::npos) {
      lua_pop(lua, 1);
      continue;
    }
    if (!any) {
      any = true;
      lua_createtable(lua, 0, 4);
      lua_insert(lua, table + 1);  // below key and value
    }
    luaL_gsub(lua, key, "-", "_");
    lua_insert(lua, -2);
    lua_rawset(lua, table + 1);
  }
  if (!any) return;
  lua_createtable(lua, 0, 2);
  lua_insert(lua, -2);
  lua_setfield(lua, -2, "__index");
  lua_pushboolean(lua, 0);
  lua_setfield(lua, -2, "__metatable");
  lua_setmetatable(lua, table);
}

}  // namespace

std::int64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::unique_ptr<Interpreter> Interpreter::create(std::size_t memory_bytes_max) {
  std::unique_ptr<Interpreter> made(new (std::nothrow) Interpreter(memory_bytes_max));
  if (made == nullptr || !made->open()) return nullptr;
  return made;
}

Interpreter::~Interpreter() {
  if (lua_ != nullptr) lua_close(lua_);
}

bool Interpreter::open() {
  lua_ = lua_newstate(&Heap::reallocate, &heap_);
  if (lua_ == nullptr) return false;
  *static_cast<Interpreter**>(lua_getextraspace(lua_)) = this;
  lua_pushcfunction(lua_, open_libraries);
  return lua_pcall(lua_, 0, 0, 0) == LUA_OK;
}

int Interpreter::open_libraries(lua_State* lua) {
  push_base(lua);
  lua_createtable(lua, 0, 1);
  lua_pushcfunction(lua, global_index);
  lua_setfield(lua, -2, "__index");
  lua_setmetatable(lua, -2);

  lua_createtable(lua, 0, 4);
  lua_pushvalue(lua, -2);
  lua_setfield(lua, -2, "__index");
  lua_pushcfunction(lua, global_newindex);
  lua_setfield(lua, -2, "__newindex");
  lua_pushcfunction(lua, global_pairs);
  lua_setfield(lua, -2, "__pairs");
  lua_pushboolean(lua, 0);
  lua_setfield(lua, -2, "__metatable");
  lua_rawsetp(lua, LUA_REGISTRYINDEX, &kEnvironmentMetatable);

  of(lua).thread_ = lua_newthread(lua);
  luaL_ref(lua, LUA_REGISTRYINDEX);
  return 0;
}

Interpreter::Outcome Interpreter::start(const Run& run) {
  ++jobs_;
  heap_.renew(run.memory_bytes_max);
  result_bytes_max_ = run.result_bytes_max;
  logs_bytes_max_ = run.logs_bytes_max;
  limit_ = Limit::kNone;
  host_calls_ = 0;
  syntax_failed_ = false;
  chunk_reference_ = LUA_NOREF;
  globals_.assign(run.globals);
  chunk_name_.assign("=").append(run.name.empty() ? "script" : run.name.substr(0, 40));
  run_ = &run;
  lua_pushcfunction(thread_, run_job);
  int results = 0;
  const int status = lua_resume(thread_, lua_, 0, &results);
  run_ = nullptr;
  return settle(status, results);
}

Interpreter::Outcome Interpreter::resume(bool ok, std::string_view reply) {
  reply_ok_ = ok;
  reply_.assign(reply);
  int results = 0;
  const int status = lua_resume(thread_, lua_, 0, &results);
  return settle(status, results);
}

// Runs inside the thread, so that a lack of memory anywhere in it is an error of the job.
int Interpreter::run_job(lua_State* thread) {
  Interpreter& self = of(thread);
  if (self.random_seeded_) {
    self.random_seeded_ = false;
    reseed_random(thread);
  }
  self.make_environment(thread);
  self.push_chunk(thread);
  lua_pushvalue(thread, 1);
  lua_setupvalue(thread, 2, 1);  // a main chunk's only upvalue is its environment
  self.bind_globals(thread);
  lua_callk(thread, 0, 1, 0, after_script);
  return 1;
}

int Interpreter::after_script(lua_State*, int, lua_KContext) { return 1; }

void Interpreter::make_environment(lua_State* thread) {
  lua_createtable(thread, 0, 4);
  environment_ = lua_topointer(thread, -1);
  lua_rawgetp(thread, LUA_REGISTRYINDEX, &kEnvironmentMetatable);
  lua_setmetatable(thread, -2);
  lua_pushvalue(thread, -1);
  lua_rawsetp(thread, LUA_REGISTRYINDEX, &kEnvironment);
}

void Interpreter::push_chunk(lua_State* thread) {
  const auto known = chunks_.find(run_->script);
  if (known != chunks_.end()) {
    chunk_reference_ = known->second;
    lua_rawgeti(thread, LUA_REGISTRYINDEX, chunk_reference_);
    return;
  }
  const std::string& source = *run_->source;
  const int status =
      luaL_loadbufferx(thread, source.data(), source.size(), chunk_name_.c_str(), "t");
  if (status != LUA_OK) {
    // Deep nesting ends the parser with an error that is not one of syntax.
    syntax_failed_ = status != LUA_ERRMEM;
    if (status == LUA_ERRMEM) note_out_of_memory();
    lua_error(thread);
  }
  lua_pushvalue(thread, -1);
  chunk_reference_ = luaL_ref(thread, LUA_REGISTRYINDEX);
  chunks_.emplace(run_->script, chunk_reference_);
  if (chunks_.size() >= kChunksMax) worn_ = true;
}

// Members with a well-known name are decoded when the script first reads them: `steps` may be large
// and is often not read at all. Stack: environment, chunk.
void Interpreter::bind_globals(lua_State* thread) {
  lazy_.clear();
  Decoder members(thread, globals_, scratch_);
  std::string_view key;
  std::string_view value;
  bool plain = true;
  if (!members.open_object()) luaL_error(thread, "the globals are no JSON object");
  while (members.next_member(key, value, plain)) {
    if (plain && is_known(key)) {
      lazy_.push_back({key, value});
      continue;
    }
    if (plain) {
      lua_pushlstring(thread, key.data(), key.size());
    } else {
      const std::string_view quoted(key.data() - 1, key.size() + 2);
      if (!Decoder(thread, quoted, scratch_).document()) luaL_error(thread, "a bad global name");
    }
    if (!Decoder(thread, value, scratch_).document()) luaL_error(thread, "a global is not JSON");
    if (lua_islightuserdata(thread, -1)) {
      lua_pop(thread, 2);
    } else {
      lua_rawset(thread, 1);
    }
  }
  if (members.problem() != nullptr) luaL_error(thread, "the globals: %s", members.problem());
}

// Pushes the value and, unless it is null, stores it in the environment.
void Interpreter::decode_global(lua_State* lua, LazyGlobal& global) {
  const std::string_view json = global.json;
  global.json = {};
  luaL_checkstack(lua, 8, nullptr);
  if (!Decoder(lua, json, scratch_).document()) luaL_error(lua, "a global is not JSON");
  if (lua_islightuserdata(lua, -1)) {
    lua_pop(lua, 1);
    lua_pushnil(lua);
    return;
  }
  if (global.name == "steps" || global.name == "body") alias_hyphens(lua);
  lua_rawgetp(lua, LUA_REGISTRYINDEX, &kEnvironment);
  lua_pushlstring(lua, global.name.data(), global.name.size());
  lua_pushvalue(lua, -3);
  lua_rawset(lua, -3);
  lua_pop(lua, 1);
}

int Interpreter::global_index(lua_State* lua) {
  if (lua_type(lua, 2) != LUA_TSTRING) return 0;
  std::size_t size = 0;
  const char* const bytes = lua_tolstring(lua, 2, &size);
  const std::string_view name(bytes, size);
  Interpreter& self = of(lua);
  for (LazyGlobal& global : self.lazy_) {
    if (global.json.empty() || global.name != name) continue;
    self.decode_global(lua, global);
    return 1;
  }
  if (name != "_G") return 0;
  lua_rawgetp(lua, LUA_REGISTRYINDEX, &kEnvironment);
  return 1;
}

int Interpreter::global_newindex(lua_State* lua) {
  std::size_t size = 0;
  const char* const bytes =
      lua_type(lua, 2) == LUA_TSTRING ? lua_tolstring(lua, 2, &size) : nullptr;
  for (LazyGlobal& global : of(lua).lazy_) {
    if (bytes != nullptr && global.name == std::string_view(bytes, size)) global.json = {};
  }
  lua_settop(lua, 3);
  lua_rawset(lua, 1);
  return 0;
}

int Interpreter::global_pairs(lua_State* lua) {
  of(lua).materialize_globals(lua);
  lua_getglobal(lua, "next");
  lua_pushvalue(lua, 1);
  lua_pushnil(lua);
  return 3;
}

void Interpreter::materialize_globals(lua_State* lua) {
  for (LazyGlobal& global : lazy_) {
    if (global.json.empty()) continue;
    decode_global(lua, global);
    lua_pop(lua, 1);
  }
}

void Interpreter::raise_limit(lua_State* lua) {
  lua_pushstring(
      lua, of(lua).limit_ == Limit::kTime ? "the time allowed has passed" : "not enough memory");
  lua_error(lua);
  __builtin_unreachable();
}

void Interpreter::stop_hook(lua_State* lua, lua_Debug*) {
  Interpreter& self = of(lua);
  if (self.limit_ == Limit::kNone) self.limit_ = Limit::kTime;
  raise_limit(lua);
}

void Interpreter::stop_from_signal() {
  // The one function of Lua that may be called at any moment; see lua.c.
  lua_sethook(thread_, stop_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
}

std::string* Interpreter::begin_host_call(std::string_view name) {
  if (host_calls_ >= kHostCallsMax) return nullptr;
  ++host_calls_;
  host_name_.assign(name);
  text_.clear();
  return &text_;
}

Interpreter::Outcome Interpreter::settle(int status, int results) {
  if (status == LUA_YIELD) {
    lua_pop(thread_, results);
    return Outcome::kHostCall;
  }
  text_.clear();
  const bool stopped = lua_gethook(thread_) != nullptr;
  if (stopped || status != LUA_OK || jobs_ >= kJobsMax) worn_ = true;
  if (status != LUA_OK) {
    take_error(status);
    return Outcome::kFailed;
  }
  const bool taken = take_result();
  lua_settop(thread_, 0);
  return taken ? Outcome::kReturned : Outcome::kFailed;
}

bool Interpreter::take_result() {
  if (!lua_istable(thread_, -1)) {
    code_ = Code::kResultNotTable;
    text_.append("the script returned ")
        .append(lua_isnil(thread_, -1) ? "nothing" : "a ")
        .append(lua_isnil(thread_, -1) ? "" : luaL_typename(thread_, -1))
        .append(", not a table");
    return false;
  }
  Encoder encoder(thread_, text_, result_bytes_max_);
  if (encoder.encode(-1) && text_.size() <= result_bytes_max_) return true;
  code_ = encoder.code();
  if (text_.size() > result_bytes_max_) code_ = Code::kResultTooLarge;
  text_.clear();
  if (code_ == Code::kResultTooLarge) {
    text_.append("the result is over ").append(std::to_string(result_bytes_max_)).append(" bytes");
  } else {
    encoder.describe(text_, "result");
  }
  return false;
}

void Interpreter::take_error(int status) {
  lua_settop(lua_, 0);
  lua_xmove(thread_, lua_, 1);
  if (status == LUA_ERRMEM || limit_ == Limit::kMemory) {
    code_ = Code::kLuaMemory;
    text_ = "the script used more than " + std::to_string(heap_.cap) + " bytes of memory";
  } else if (limit_ == Limit::kTime) {
    code_ = Code::kTimeout;
    text_ = "the script ran longer than it may";
  } else {
    code_ = syntax_failed_ ? Code::kLuaSyntax : Code::kLuaError;
    set_message_of_error_value();
  }
  lua_settop(lua_, 0);
}

// Outside of protected calls: only functions that allocate nothing in Lua.
void Interpreter::set_message_of_error_value() {
  constexpr std::size_t kMessageBytesMax = 4096;
  if (lua_istable(lua_, 1)) {
    for (lua_pushnil(lua_); lua_next(lua_, 1) != 0; lua_pop(lua_, 1)) {
      if (lua_type(lua_, -2) != LUA_TSTRING || lua_type(lua_, -1) != LUA_TSTRING) continue;
      if (std::string_view(lua_tostring(lua_, -2)) != "message") continue;
      text_ = lua_tostring(lua_, -1);
      break;
    }
    if (text_.empty()) {
      Encoder encoder(lua_, text_, kMessageBytesMax);
      if (!encoder.encode(1)) text_ = "an error that is a table";
    }
  } else if (lua_type(lua_, 1) == LUA_TSTRING) {
    std::size_t size = 0;
    const char* const bytes = lua_tolstring(lua_, 1, &size);
    text_ = without_chunk_name({bytes, size});
  } else if (lua_isinteger(lua_, 1)) {
    text_ = std::to_string(lua_tointeger(lua_, 1));
  } else if (lua_isnumber(lua_, 1)) {
    text_ = std::to_string(lua_tonumber(lua_, 1));
  } else {
    text_ = std::string("an error that is a ") + luaL_typename(lua_, 1);
  }
  if (text_.size() > kMessageBytesMax) text_.resize(kMessageBytesMax);
  text_.resize(utf8_prefix(text_));
}

// "calc:3: kaput" becomes "line 3: kaput": the caller knows which script it was.
std::string Interpreter::without_chunk_name(std::string_view message) const {
  const std::string_view name = std::string_view(chunk_name_).substr(1);
  if (message.starts_with(name) && message.size() > name.size() && message[name.size()] == ':') {
    return std::string("line ").append(message.substr(name.size() + 1));
  }
  return std::string(message);
}

void Interpreter::print(std::string_view text) {
  constexpr std::string_view kMarker = "… truncated: the limit of printed text is reached";
  if (logs_truncated_) return;
  const std::int64_t now = monotonic_ns();
  for (;;) {
    const std::size_t line_end = text.find('\n');
    std::string_view line = text.substr(0, line_end);
    const std::size_t used = logs_.size() + sizeof(LogHead);
    const std::size_t room = logs_bytes_max_ > used ? logs_bytes_max_ - used : 0;
    if (line.size() > room || room == 0) {
      logs_truncated_ = true;
      line = line.substr(0, room);
      line = line.substr(0, utf8_prefix(line));
      if (!line.empty()) {
        put(logs_, LogHead{now, static_cast<std::uint32_t>(line.size())});
        logs_.append(line);
      }
      line = kMarker;
    }
    put(logs_, LogHead{now, static_cast<std::uint32_t>(line.size())});
    logs_.append(line);
    if (logs_truncated_ || line_end == std::string_view::npos) return;
    text.remove_prefix(line_end + 1);
  }
}

void Interpreter::finish() {
  constexpr std::size_t kKeptBytesMax = 64 << 10;
  for (std::string* buffer : {&globals_, &text_, &logs_, &scratch_, &work_, &reply_}) {
    buffer->clear();
    if (buffer->capacity() > kKeptBytesMax) buffer->shrink_to_fit();
  }
  lazy_.clear();
  logs_truncated_ = false;
  environment_ = nullptr;
  if (worn_) return;
  // Neither the registry nor the kept chunk may hold on to what the job made.
  lua_pushnil(lua_);
  lua_rawsetp(lua_, LUA_REGISTRYINDEX, &kEnvironment);
  if (chunk_reference_ != LUA_NOREF) {
    lua_rawgeti(lua_, LUA_REGISTRYINDEX, chunk_reference_);
    lua_pushnil(lua_);
    lua_setupvalue(lua_, -2, 1);
    lua_pop(lua_, 1);
  }
}

}  // namespace troupe::lua_sandbox
