#pragma once

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <lua.hpp>

#include "adapters/lua_sandbox/heap.h"
#include "runtime/base/error.h"

namespace troupe::lua_sandbox {

/// What an interpreter needs to know of one job.
struct Run {
  std::uint64_t script = 0;
  const std::string* source = nullptr;  ///< valid while start() runs
  std::string_view name;                ///< as `source`
  std::string_view globals;             ///< as `source`
  std::size_t memory_bytes_max = 0;
  std::size_t result_bytes_max = 0;
  std::size_t logs_bytes_max = 0;
};

/// Why a script had to be ended, besides its own errors. Once set it cannot be caught.
enum class Limit : int { kNone, kTime, kMemory };

/// One Lua state inside a sandbox child. It serves one workspace and one job at a time; jobs after
/// one another share compiled chunks and the sealed libraries, nothing that a script can change.
/// After an error or a limit it says `worn()` and is thrown away by its owner, Child.
/// Single-threaded.
class Interpreter {
 public:
  enum class Outcome { kReturned, kFailed, kHostCall };

  /// Null if there is no memory for it.
  static std::unique_ptr<Interpreter> create(std::size_t memory_bytes_max);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  Outcome start(const Run& run);
  /// Continues after kHostCall: `reply` is JSON, or a message if not `ok`.
  Outcome resume(bool ok, std::string_view reply);

  /// After kReturned: the result. After kFailed: code() and the message. After kHostCall: the call.
  const std::string& text() const { return text_; }
  Code code() const { return code_; }
  const std::string& host_name() const { return host_name_; }
  /// Printed lines, each a LogHead and its bytes.
  const std::string& logs() const { return logs_; }
  bool logs_truncated() const { return logs_truncated_; }

  /// Forgets the job, so that the next one may start.
  void finish();
  bool worn() const { return worn_; }
  std::size_t bytes_used() const { return heap_.used; }

  /// Ends the running script at its next instruction; its code is then kTimeout. Safe in a signal
  /// handler.
  void stop_from_signal();

  // What follows is for the libraries of the script.

  static Interpreter& of(lua_State* lua) {
    return **static_cast<Interpreter**>(lua_getextraspace(lua));
  }
  Limit limit() const { return limit_; }
  void note_out_of_memory() { limit_ = limit_ == Limit::kNone ? Limit::kMemory : limit_; }
  [[noreturn]] static void raise_limit(lua_State* lua);
  void print(std::string_view text);
  std::string& scratch() { return scratch_; }
  /// Where json.encode and host.call write; empty.
  std::string& work() {
    work_.clear();
    return work_;
  }
  std::size_t result_bytes_max() const { return result_bytes_max_; }
  std::size_t memory_bytes_max() const { return heap_.cap; }
  void note_random_seeded() { random_seeded_ = true; }
  /// Where its arguments are to be written; null if the script made too many.
  std::string* begin_host_call(std::string_view name);
  bool reply_ok() const { return reply_ok_; }
  const std::string& reply() const { return reply_; }
  /// Decodes the globals that were not asked for yet into the environment.
  void materialize_globals(lua_State* lua);
  bool is_environment(const void* table) const { return table == environment_; }

 private:
  struct LazyGlobal {
    std::string_view name;
    std::string_view json;  ///< empty: decoded, or overwritten by the script
  };

  explicit Interpreter(std::size_t memory_bytes_max) { heap_.cap = memory_bytes_max; }
  bool open();
  static int open_libraries(lua_State* lua);
  static int run_job(lua_State* thread);
  static int after_script(lua_State* thread, int status, lua_KContext context);
  static int global_index(lua_State* lua);
  static int global_newindex(lua_State* lua);
  static int global_pairs(lua_State* lua);
  static void stop_hook(lua_State* lua, lua_Debug* event);

  void make_environment(lua_State* thread);
  void bind_globals(lua_State* thread);
  void push_chunk(lua_State* thread);
  void decode_global(lua_State* lua, LazyGlobal& global);
  Outcome settle(int status, int results);
  bool take_result();
  void take_error(int status);
  void set_message_of_error_value();
  std::string without_chunk_name(std::string_view message) const;

  Heap heap_;
  lua_State* lua_ = nullptr;
  lua_State* thread_ = nullptr;  ///< runs every script, so that host calls can yield
  std::unordered_map<std::uint64_t, int> chunks_;  ///< registry references of compiled scripts
  int chunk_reference_ = 0;
  const void* environment_ = nullptr;
  const Run* run_ = nullptr;
  std::string globals_;
  std::vector<LazyGlobal> lazy_;
  std::string chunk_name_;
  std::string text_;
  std::string host_name_;
  std::string logs_;
  std::string scratch_;
  std::string work_;
  std::string reply_;
  std::size_t result_bytes_max_ = 0;
  std::size_t logs_bytes_max_ = 0;
  Code code_ = Code::kLuaError;
  Limit limit_ = Limit::kNone;
  bool syntax_failed_ = false;
  bool reply_ok_ = false;
  bool logs_truncated_ = false;
  bool random_seeded_ = false;
  bool worn_ = false;
  unsigned jobs_ = 0;
  unsigned host_calls_ = 0;  ///< of this job
};

/// CLOCK_MONOTONIC.
std::int64_t monotonic_ns();

}  // namespace troupe::lua_sandbox
