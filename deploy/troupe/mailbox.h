#pragma once

#include <functional>
#include <memory>

namespace troupe::cli {

/// SIGINT and SIGTERM are held back in this thread and all that it starts later; a Mailbox reads
/// them. Must be called before the first thread and before the sandbox is forked, so that Ctrl-C in
/// a terminal, which reaches the whole process group, does not kill scripts.
void hold_signals();
/// Whether one of them has come and nobody has read it yet.
bool signal_is_held();
/// From here on a further SIGINT or SIGTERM ends the process at once.
void release_signals();

/// What the main thread of a command waits for: work posted by the engine's threads, signals, a
/// line of input, time. Waited on by one thread at a time; `post` may come from any thread, also
/// after the command has gone on to something else, because a Poster keeps the queue alive.
class Mailbox {
 public:
  enum class Woke { kWork, kSignal, kInput, kTimeout };
  using Work = std::function<void()>;
  class Queue;
  using Poster = std::function<void(Work)>;

  Mailbox();
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  Poster poster() const;
  /// Runs what has been posted on this thread, or tells what else came first. A negative timeout
  /// waits for ever.
  Woke wait(int timeout_ms, bool want_input = false);

 private:
  std::shared_ptr<Queue> queue_;
  int signals_ = -1;
};

}  // namespace troupe::cli
