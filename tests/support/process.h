#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::testing {

using Environment = std::vector<std::pair<std::string, std::string>>;

/// How a program ended: its exit code, or minus the number of the signal that ended it.
struct Outcome {
  int exit = 0;
  std::string out;
  std::string err;
};

struct Command {
  std::vector<std::string> arguments;  ///< the first one is the program's path
  std::string input;                   ///< given on stdin, which ends behind it
  Environment environment;             ///< beside that of the test, from which TROUPE_* is removed
  std::string directory;               ///< empty: that of the test
};

/// A child process with both outputs on pipes. Owned by one thread, which must outlive it: the
/// child is killed when that thread ends. Whatever happens, the destructor kills and reaps it by
/// its id.
class Process {
 public:
  explicit Process(const Command& command);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  /// Whether it ends within that time; its outputs are read meanwhile.
  bool ends_within(int timeout_ms);
  void signal(int number) const;

  /// Waits for a line on stdout or stderr that contains `mark` and gives that line; throws when the
  /// program ends or the time is over before.
  std::string wait_for_line(const std::string& mark, int timeout_ms);
  /// Waits until the program has ended and both pipes are drained. Kills it and throws when the
  /// time is over.
  Outcome finish(int timeout_ms);
  /// What it has said so far.
  const std::string& out() const { return out_; }
  const std::string& err() const { return err_; }

 private:
  /// Waits for output or the end; false at the deadline.
  bool pump(long long deadline_ms);
  bool pumped_all() const { return out_pipe_ < 0 && err_pipe_ < 0; }
  bool reap(bool block);

  pid_t pid_ = -1;
  int pidfd_ = -1;
  int out_pipe_ = -1;
  int err_pipe_ = -1;
  std::string out_;
  std::string err_;
  bool ended_ = false;
  int exit_ = 0;
};

/// Milliseconds of the monotonic clock, for deadlines and figures.
long long now_ms();
/// Asks again every 20 ms until the answer is yes; false when the time is over.
bool eventually(int timeout_ms, const std::function<bool()>& question);

/// Runs a program to its end.
Outcome run_program(const Command& command, int timeout_ms = 30'000);
/// Runs the built `troupe` to its end.
Outcome troupe(std::vector<std::string> arguments,
               Environment environment = {},
               std::string input = {});

}  // namespace troupe::testing
