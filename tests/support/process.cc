#include "tests/support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <stdexcept>

namespace troupe::testing {
namespace {

struct Pipe {
  int read = -1;
  int write = -1;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  return {ends[0], ends[1]};
}

std::vector<std::string> environment_of(const Command& command) {
  std::vector<std::string> all = {"NO_COLOR=1"};
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    if (std::strncmp(*entry, "TROUPE_", 7) != 0) all.emplace_back(*entry);
  }
  for (const auto& [name, value] : command.environment) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

/// Takes what is there; closes the pipe at its end.
void drain(int& descriptor, std::string& into) {
  char part[1 << 16];
  const ssize_t count = ::read(descriptor, part, sizeof part);
  if (count > 0) {
    into.append(part, static_cast<std::size_t>(count));
  } else if (count == 0) {
    ::close(descriptor);
    descriptor = -1;
  }
}

}  // namespace

bool eventually(int timeout_ms, const std::function<bool()>& question) {
  const long long deadline = now_ms() + timeout_ms;
  while (!question()) {
    if (now_ms() >= deadline) return false;
    ::poll(nullptr, 0, 20);
  }
  return true;
}

long long now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Process::Process(const Command& command) {
  const Pipe in = make_pipe();
  const Pipe out = make_pipe();
  const Pipe err = make_pipe();
  std::vector<std::string> arguments = command.arguments;
  std::vector<std::string> environment = environment_of(command);
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(environment);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(in.read, STDIN_FILENO);
    ::dup2(out.write, STDOUT_FILENO);
    ::dup2(err.write, STDERR_FILENO);
    if (!command.directory.empty() && ::chdir(command.directory.c_str()) != 0) ::_exit(126);
    ::execve(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
  ::close(in.read);
  ::close(out.write);
  ::close(err.write);
  out_pipe_ = out.read;
  err_pipe_ = err.read;
  pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  // Inputs of the tests fit into a pipe or are read by a program that does not write meanwhile.
  std::string_view rest = command.input;
  struct sigaction ignore{};
  struct sigaction before{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
  while (!rest.empty()) {
    const ssize_t count = ::write(in.write, rest.data(), rest.size());
    if (count <= 0) break;
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  ::sigaction(SIGPIPE, &before, nullptr);
  ::close(in.write);
}

Process::~Process() {
  if (!ended_) {
    ::kill(pid_, SIGKILL);
    reap(true);
  }
  for (const int descriptor : {out_pipe_, err_pipe_, pidfd_}) {
    if (descriptor >= 0) ::close(descriptor);
  }
}

bool Process::reap(bool block) {
  if (ended_) return true;
  int status = 0;
  if (::waitpid(pid_, &status, block ? 0 : WNOHANG) != pid_) return false;
  ended_ = true;
  exit_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return true;
}

bool Process::running() { return !reap(false); }

bool Process::ends_within(int timeout_ms) {
  const long long deadline = now_ms() + timeout_ms;
  while (!ended_ && pump(deadline)) {
  }
  return ended_;
}

void Process::signal(int number) const {
  if (!ended_) ::kill(pid_, number);
}

bool Process::pump(long long deadline_ms) {
  pollfd watched[3] = {{out_pipe_, POLLIN, 0}, {err_pipe_, POLLIN, 0}, {pidfd_, POLLIN, 0}};
  if (ended_) watched[2].fd = -1;
  const long long left = deadline_ms - now_ms();
  if (left <= 0 || ::poll(watched, 3, static_cast<int>(left)) <= 0) return false;
  if (watched[0].revents != 0) drain(out_pipe_, out_);
  if (watched[1].revents != 0) drain(err_pipe_, err_);
  if (watched[2].revents != 0) reap(true);
  return true;
}

std::string Process::wait_for_line(const std::string& mark, int timeout_ms) {
  const long long deadline = now_ms() + timeout_ms;
  while (true) {
    for (const std::string* text : {&out_, &err_}) {
      const std::size_t at = text->find(mark);
      if (at == std::string::npos) continue;
      const std::size_t end = text->find('\n', at);
      if (end == std::string::npos) continue;
      const std::size_t line = text->rfind('\n', at);
      const std::size_t start = line == std::string::npos ? 0 : line + 1;
      return text->substr(start, end - start);
    }
    const bool over = ended_ && pumped_all();
    if (over || !pump(deadline)) {
      throw std::runtime_error("no line with \"" + mark + "\"" + (over ? ", it ended" : "") +
                               "; stdout: " + out_ + "; stderr: " + err_);
    }
  }
}

Outcome Process::finish(int timeout_ms) {
  const long long deadline = now_ms() + timeout_ms;
  while (!ended_ || !pumped_all()) {
    if (pump(deadline)) continue;
    ::kill(pid_, SIGKILL);
    reap(true);
    throw std::runtime_error("the program did not end within " + std::to_string(timeout_ms) +
                             " ms; stdout: " + out_ + "; stderr: " + err_);
  }
  return {exit_, out_, err_};
}

Outcome run_program(const Command& command, int timeout_ms) {
  return Process(command).finish(timeout_ms);
}

}  // namespace troupe::testing
