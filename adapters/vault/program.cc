#include "adapters/vault/program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>

extern "C" {  // glibc 2.36 forgot it
#include <sys/pidfd.h>
}

#include "adapters/vault/descriptor.h"
#include "runtime/base/ensure.h"

namespace troupe::vault {
namespace {

using Clock = std::chrono::steady_clock;

Error failed(const std::string& what, int error) {
  return {Code::kUnavailable, what + ": " + std::strerror(error) + ".", {}};
}

struct Pipe {
  Descriptor read_end;
  Descriptor write_end;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return failed("A pipe cannot be made", errno);
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

/// Only our end of a pipe: the program may rely on its own to wait.
bool set_nonblocking(const Descriptor& end) { return fcntl(end.get(), F_SETFL, O_NONBLOCK) == 0; }

/// A pipe with all of the input in it already, so that nobody has to feed the program, and one that
/// does not read cannot hold us up.
Result<Descriptor> filled_pipe(std::string_view input) {
  TROUPE_ENSURE(input.size() <= kProgramInputBytesMax);
  Result<Pipe> pipe = make_pipe();
  if (!pipe) return pipe.error();
  if (!set_nonblocking(pipe->write_end)) return failed("A pipe cannot be set up", errno);
  const ssize_t written = write(pipe->write_end.get(), input.data(), input.size());
  if (written < 0) return failed("A pipe cannot be written", errno);
  if (static_cast<std::size_t>(written) != input.size()) {
    return failed("A pipe cannot be written", ENOSPC);
  }
  return std::move(pipe->read_end);
}

/// What posix_spawn wants to be told, released with this.
class Spawning {
 public:
  Spawning() {
    TROUPE_ENSURE(posix_spawn_file_actions_init(&files_) == 0 &&
                  posix_spawnattr_init(&attributes_) == 0);
  }
  ~Spawning() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  Spawning(const Spawning&) = delete;
  Spawning& operator=(const Spawning&) = delete;

  /// 0, or an error number.
  int start(pid_t* pid, const std::vector<std::string>& argv, const int (&standard)[3]) {
    for (int fd = 0; fd < 3; ++fd) {
      posix_spawn_file_actions_adddup2(&files_, standard[fd], fd);
    }
    posix_spawn_file_actions_addclosefrom_np(&files_, 3);
    // A server ignores and blocks signals that a program expects to end by.
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    // A group of its own, so that what it starts can be ended with it.
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    std::vector<char*> arguments;
    for (const std::string& argument : argv) {
      arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    return posix_spawn(pid, arguments[0], &files_, &attributes_, arguments.data(), environ);
  }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

/// The program while it runs. Destroying it ends the program.
class Child {
 public:
  Child(pid_t pid, Descriptor output, Descriptor complaints)
      : pid_(pid),
        process_(pidfd_open(pid, 0)),
        output_(std::move(output)),
        complaints_(std::move(complaints)) {}
  ~Child() {
    if (pid_ > 0) finish();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  Result<ProgramEnd> attend(const ProgramLimits& limits) {
    if (!process_.is_open() || !set_nonblocking(output_) || !set_nonblocking(complaints_)) {
      return failed("A program cannot be watched", errno);
    }
    ProgramEnd end;
    // One byte more than it may write tells that it has written too much.
    end.output = SecretText::of_size(limits.output_bytes_max + 1);
    end.complaints = SecretText::of_size(kComplaintsBytesMax);
    const auto deadline = Clock::now() + std::chrono::microseconds(limits.deadline.us);
    const std::optional<ProgramEnd::How> cut_short = listen(deadline, end);
    end.output.truncate(output_size_);
    end.complaints.truncate(complaints_size_);
    const int status = finish();
    if (cut_short) {
      end.how = *cut_short;
    } else if (WIFSIGNALED(status)) {
      end.how = ProgramEnd::How::kSignalled;
      end.number = WTERMSIG(status);
    } else {
      end.number = WEXITSTATUS(status);
    }
    return end;
  }

 private:
  /// Until the program has ended, or has to be.
  std::optional<ProgramEnd::How> listen(Clock::time_point deadline, ProgramEnd& end) {
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
      if (left.count() <= 0) return ProgramEnd::How::kOverDeadline;
      // A descriptor of -1, once its stream has ended, is passed over.
      pollfd watched[] = {
          {process_.get(), POLLIN, 0}, {output_.get(), POLLIN, 0}, {complaints_.get(), POLLIN, 0}};
      const int wait_ms = static_cast<int>(std::min<std::int64_t>(left.count(), 60'000));
      if (poll(watched, 3, wait_ms) < 0 && errno != EINTR) {
        return ProgramEnd::How::kOverDeadline;
      }
      // What it had written before its end is there by now, so the order matters.
      const bool has_ended = watched[0].revents != 0;
      take_output(end.output);
      take_complaints(end);
      if (output_size_ == end.output.size()) return ProgramEnd::How::kTooMuchOutput;
      if (has_ended) return std::nullopt;
    }
  }

  void take_output(SecretText& output) {
    while (output_.is_open() && output_size_ < output.size()) {
      const ssize_t got = read(output_.get(), output.writable().data() + output_size_,
                               output.size() - output_size_);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return output_.close();
      output_size_ += static_cast<std::size_t>(got);
    }
  }

  /// What is over the limit is read as well, or the program would stand still; but not for ever at
  /// one go, or it would outlive its deadline.
  void take_complaints(ProgramEnd& end) {
    constexpr int kReadsMax = 32;
    char buffer[4096];
    for (int i = 0; i < kReadsMax && complaints_.is_open(); ++i) {
      const ssize_t got = read(complaints_.get(), buffer, sizeof buffer);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) break;
      if (got <= 0) {
        complaints_.close();
        break;
      }
      const std::size_t room = end.complaints.size() - complaints_size_;
      const std::size_t size = std::min(room, static_cast<std::size_t>(got));
      std::copy_n(
          buffer, size,
          end.complaints.writable().begin() + static_cast<std::ptrdiff_t>(complaints_size_));
      complaints_size_ += size;
      if (size < static_cast<std::size_t>(got)) end.are_complaints_cut = true;
    }
    wipe(buffer, sizeof buffer);
  }

  /// Ends the whole group. Until the program itself has been waited for, its id names no other.
  int finish() {
    const pid_t pid = std::exchange(pid_, 0);
    kill(-pid, SIGKILL);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
      // Nobody else waits for it, unless the whole process ignores the ends of its children: then
      // how it ended is unknown, and must not pass for success.
      if (errno != EINTR) return SIGKILL;
    }
    return status;
  }

  pid_t pid_;
  Descriptor process_;  ///< pidfd; readable once the program has ended
  Descriptor output_;
  Descriptor complaints_;
  std::size_t output_size_ = 0;
  std::size_t complaints_size_ = 0;
};

}  // namespace

Result<ProgramEnd> run_program(const std::vector<std::string>& argv,
                               std::string_view input,
                               const ProgramLimits& limits) {
  TROUPE_ENSURE(!argv.empty() && argv[0].starts_with('/'));
  const Result<Descriptor> filled = filled_pipe(input);
  if (!filled) return filled.error();
  Result<Pipe> output = make_pipe();
  if (!output) return output.error();
  Result<Pipe> complaints = make_pipe();
  if (!complaints) return complaints.error();
  pid_t pid = 0;
  const int error = Spawning().start(
      &pid, argv, {filled->get(), output->write_end.get(), complaints->write_end.get()});
  if (error != 0) return failed("The program " + argv[0] + " cannot be started", error);
  output->write_end.close();
  complaints->write_end.close();
  return Child(pid, std::move(output->read_end), std::move(complaints->read_end)).attend(limits);
}

}  // namespace troupe::vault
