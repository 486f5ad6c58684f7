#pragma once

#include <cstdlib>
#include <functional>
#include <memory>

#include "actors/options.h"
#include "runtime/port/black_box.h"
#include "runtime/port/bus.h"
#include "runtime/port/engine.h"
#include "runtime/port/event_sink.h"
#include "runtime/port/log.h"
#include "runtime/port/metrics.h"
#include "runtime/port/script.h"
#include "runtime/port/step_service.h"
#include "runtime/port/store.h"
#include "runtime/port/system.h"
#include "runtime/port/work_queue.h"

namespace caf {
class actor_system;
}

namespace troupe::actors {

/// Everything outside that a node stands on; owned by the caller and outlives the node.
struct Ports {
  store::Store& store;
  ScriptExecutor& scripts;
  const ScriptSyntax& syntax;
  const PatternCompiler& patterns;
  const Clock& clock;
  Entropy& entropy;
  const Hasher& hasher;
  Logger& log;
  Metrics& metrics;
  BlackBox* black_box = nullptr;
  /// Ends this process at once, because only a new one can know what is stored. Where it returns,
  /// as in a simulation, the committer does nothing more until it is destroyed.
  std::function<void()> end_process = [] { std::_Exit(70); };
  Bus* bus = nullptr;  ///< to the other nodes, if the store is shared; not listened on yet
  EventSink* events = nullptr;  ///< hears of every event of every run; null: nobody does
  WorkQueue* work = nullptr;  ///< where users' workers listen; null: graphs with them are refused
  StepService* outside = nullptr;  ///< asks services outside; null: nobody does
};

/// One node: the actor system with everything that runs in it. `start` recovers what an earlier
/// life left open, so that every interrupted run is under way when it returns. Owned by main (or a
/// test).
class Node {
 public:
  static Result<std::unique_ptr<Node>> start(const Options& options, const Ports& ports);
  ~Node();  ///< ends at once, as a crash would, unless `shutdown` came first

  Engine& engine();
  /// For simulations, which drive its scheduler.
  caf::actor_system& system();
  /// An end is near: calls that wait for other nodes are answered within moments, so that the edges
  /// can let their clients go. `shutdown` comes next.
  void hurry();
  /// During an orderly end that is to end at once: tells the other nodes, within `patience`, that
  /// they need not wait for the lease. Nothing is committed afterwards; the process is to end. From
  /// any thread.
  void leave_now(Duration patience);
  /// Orderly end: admits nothing new, lets attempts in flight end within a bound, commits what is
  /// decided.
  void shutdown(Duration patience = seconds(5));

 private:
  struct Parts;
  void leave();
  explicit Node(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace troupe::actors
