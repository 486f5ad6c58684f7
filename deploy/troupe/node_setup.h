#pragma once

#include <memory>
#include <string>

#include "config/options.h"
#include "runtime/graph/graph.h"
#include "runtime/port/engine.h"
#include "runtime/port/system.h"

namespace troupe::cli {

/// A node of this process, with everything it needs: the lock on its data directory, the sandbox,
/// the store, the engine. Owned by a command; destroying it is like a kill, `shutdown` is orderly.
class LocalNode {
 public:
  virtual ~LocalNode() = default;
  virtual Engine& engine() = 0;
  virtual const Clock& clock() const = 0;
  virtual Entropy& entropy() = 0;
  /// The workspace `default` and its project `default`, made at the first start.
  virtual store::TenantScope scope() const = 0;
  /// Opens the HTTP server; answers its URL. kInvalidRequest, kUnavailable (address in use).
  virtual Result<std::string> serve(const config::Options& options) = 0;
  virtual std::string token_path() const = 0;
  /// Takes no more requests, flushes, snapshots; blocks until all is on disk.
  virtual void shutdown() = 0;
  /// While `shutdown` is under way in another thread: this process ends now, and the cluster is
  /// told within a second, if there is one.
  virtual void leave_now() = 0;
};

/// Must be called before the process has a second thread: the sandbox forks. kDataDirHeld names the
/// process that holds the directory.
Result<std::unique_ptr<LocalNode>> start_node(const config::Options& options, bool quiet);

graph::Limits graph_limits(const config::Options& options);

/// What checks a graph without a node: Lua syntax and regular expressions.
const graph::Tools& graph_tools();

}  // namespace troupe::cli
