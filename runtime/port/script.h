#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/result.h"
#include "runtime/base/time.h"
#include "runtime/base/uuid.h"
#include "runtime/json/text.h"
#include "runtime/port/attempt_result.h"

namespace troupe {

/// A script of a workflow version. `id` is unique in the process and never reused, so an executor
/// may keep its compiled form under it.
struct Script {
  std::uint64_t id = 0;
  std::string source;
  std::string name;  ///< for messages, such as "calc"
};

/// One run of one script.
struct ScriptJob {
  std::uint64_t job = 0;  ///< chosen by the caller, unique among jobs in flight
  WorkspaceId workspace;  ///< an interpreter state never serves two of them
  std::shared_ptr<const Script> script;
  /// JSON object; each member becomes a global of the script (input, steps, item, index, loop,
  /// body, run).
  std::string globals;
  Duration timeout;  ///< wall time of the script itself, from its start in the child
  std::uint64_t memory_bytes_max = std::uint64_t{64} << 20;
  std::uint64_t result_bytes_max = std::uint64_t{8} << 20;
  std::uint64_t logs_bytes_max = std::uint64_t{1} << 20;  ///< more is cut off and marked
};

/// The value is the returned table as JSON; errors are kLuaError, kLuaMemory, kLuaOutput, kTimeout,
/// kResultNotTable, …
using ScriptResult = AttemptResult;

/// What a script asks of the world outside its sandbox. The parent performs it and answers; the
/// script is suspended meanwhile and its clock stands still.
struct HostCall {
  std::uint64_t job = 0;
  std::string name;
  std::string arguments;  ///< JSON array
};
using HostCallReply = std::function<void(Result<json::Text>)>;
using HostCallHandler = std::function<void(HostCall, HostCallReply)>;

/// Runs untrusted scripts. Thread-safe. Callbacks come on a thread of the executor and must not
/// block.
class ScriptExecutor {
 public:
  using Done = std::function<void(std::uint64_t job, ScriptResult)>;
  virtual ~ScriptExecutor() = default;
  /// Takes the job; `done` is called exactly once, whatever happens.
  virtual void submit(ScriptJob job, Done done) = 0;
  /// Ends the job if it has not ended: `done` comes with kRunStopped. Unknown jobs are ignored.
  virtual void cancel(std::uint64_t job) = 0;
};

/// Checks that a script compiles, without running it. Thread-safe.
class ScriptSyntax {
 public:
  virtual ~ScriptSyntax() = default;
  /// kLuaSyntax with "line N: …" if it does not.
  virtual Status check(std::string_view source, std::string_view name) const = 0;
};

}  // namespace troupe
