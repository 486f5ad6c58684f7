#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>

#include "runtime/port/script.h"

namespace troupe::lua_sandbox {

class Worker;
struct Line;

/// A job from submit() to its callback. Owned by the Dispatcher.
struct PendingJob {
  enum class Place { kQueued, kInChild, kWaitingForHost };

  ScriptJob job;
  ScriptExecutor::Done done;  ///< empty once it was called
  Place place = Place::kQueued;
  Line* line = nullptr;
  Worker* worker = nullptr;
  std::uint64_t seq = 0;        ///< in its worker
  std::uint32_t losses = 0;     ///< children that ended while they held it unstarted
  std::uint64_t host_call = 0;  ///< number of the call it waits for
  bool made_host_call = false;  ///< must not be run again from the start
};

/// The jobs of one workspace.
struct Line {
  std::deque<PendingJob*> queued;
  std::size_t jobs = 0;  ///< that point to this line
  std::size_t in_children = 0;
  std::size_t long_running = 0;
  bool in_ring = false;
};

/// Jobs that wait for a child, in turn by workspace. A workspace that has a long script running
/// gets only so many jobs into children, so that it cannot take them all. Single-threaded.
class Backlog {
 public:
  explicit Backlog(std::size_t long_running_max) : long_running_max_(long_running_max) {}

  void push_back(PendingJob& job);
  /// For a job that was in a child already: it goes first.
  void push_front(PendingJob& job);
  /// The job whose turn it is; null if none may run now.
  PendingJob* next();
  /// The job has ended, queued or not.
  void forget(PendingJob& job);
  /// Call when counts of the line have changed.
  void refresh(Line& line);
  std::size_t size() const { return size_; }
  bool may_have_next() const { return !ring_.empty(); }

 private:
  Line& line_of(PendingJob& job);
  bool eligible(const Line& line) const {
    return !line.queued.empty() && (line.long_running == 0 || line.in_children < long_running_max_);
  }
  void sweep();

  const std::size_t long_running_max_;
  std::unordered_map<WorkspaceId, Line> lines_;
  std::deque<Line*> ring_;  ///< lines that may have their turn
  std::size_t size_ = 0;
};

}  // namespace troupe::lua_sandbox
