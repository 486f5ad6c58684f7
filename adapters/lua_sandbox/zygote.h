#pragma once

#include <sys/types.h>

#include <cstdint>
#include <utility>

#include "adapters/lua_sandbox/child.h"
#include "runtime/base/result.h"

namespace troupe::lua_sandbox {

/// A descriptor with one owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void close() { *this = Descriptor(); }
  int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_ = -1;
};

/// The news that a child was made.
struct Spawned {
  std::uint64_t token = 0;  ///< of the request
  pid_t pid = 0;
  Descriptor process;  ///< pidfd; not open if the child has ended already, or could not be made
};

/// A small single-threaded process that forks sandbox children on demand. A server with threads
/// cannot fork safely (another thread may hold malloc's lock), so main() starts the zygote first of
/// all, before any thread, file or secret exists, and gives it to a Pool. It ends with its owner,
/// and the children end with it. One thread may use it at a time.
class Zygote {
 public:
  /// Call before the process has threads.
  static Result<Zygote> start();

  Zygote(Zygote&& other) noexcept
      : socket_(std::move(other.socket_)), pid_(std::exchange(other.pid_, 0)) {}
  Zygote& operator=(Zygote&&) = delete;
  /// Ends the zygote and so its children.
  ~Zygote();

  /// Asks for a child that talks on `socket` and shows its state in `page` (a memfd). The answer
  /// comes by receive(); the other end of the socket may be written to at once. False if the zygote
  /// is gone.
  bool request(std::uint64_t token,
               const Descriptor& socket,
               const Descriptor& page,
               const ChildSettings& settings);
  /// Readable when an answer waits, or when the zygote has ended.
  int descriptor() const { return socket_.get(); }
  /// kUnavailable if the zygote has ended; a token of 0 if no answer waits.
  Result<Spawned> receive();

 private:
  Zygote(Descriptor socket, pid_t pid) : socket_(std::move(socket)), pid_(pid) {}
  Descriptor socket_;
  pid_t pid_ = 0;
};

}  // namespace troupe::lua_sandbox
