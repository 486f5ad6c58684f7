#include "adapters/system/data_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "adapters/system/token.h"

namespace troupe::system {
namespace {

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

Error failed(const std::string& what, int error) {
  const Code code = error == ENOSPC || error == EDQUOT ? Code::kStorageFull : Code::kUnavailable;
  return {code, what + ": " + std::strerror(error) + ".", {}};
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = write(fd, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

std::string read_small(int fd) {
  char text[256];
  const ssize_t size = pread(fd, text, sizeof text, 0);
  std::string line(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  return line;
}

Error held(const std::string& path, int fd) {
  const std::string pid = read_small(fd);
  const bool is_number =
      !pid.empty() && pid.find_first_not_of("0123456789") == std::string::npos;
  return {Code::kDataDirHeld,
          "The data directory " + path + " is held by " +
              (is_number ? "process " + pid : std::string("another process")) + ".",
          {}};
}

/// Writes a new file so that it is there whole or not at all, also after a power cut. Fails with
/// EEXIST if there is one already.
int create_whole(const std::string& path, std::string_view bytes) {
  const std::string draft = path + ".new";
  unlink(draft.c_str());  // left by a process that ended in between; the directory is ours
  {
    const Descriptor file(
        open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (file.get() < 0 || !write_all(file.get(), bytes) || fsync(file.get()) != 0) return errno;
  }
  // A link, unlike a rename, never replaces what is there.
  const int linked = link(draft.c_str(), path.c_str()) == 0 ? 0 : errno;
  unlink(draft.c_str());
  if (linked != 0) return linked;
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const Descriptor directory(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || fsync(directory.get()) != 0) return errno;
  return 0;
}

}  // namespace

Result<std::unique_ptr<DataDir>> DataDir::hold(const std::string& path) {
  std::error_code made;
  const bool existed = std::filesystem::exists(path, made);
  std::filesystem::create_directories(path, made);
  if (made) return failed("The data directory " + path + " cannot be made", made.value());
  if (!existed && chmod(path.c_str(), 0700) != 0) {
    return failed("The data directory " + path + " cannot be closed to others", errno);
  }
  const std::string lock_path = path + "/lock";
  Descriptor lock(open(lock_path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (lock.get() < 0) return failed(lock_path + " cannot be opened", errno);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return held(path, lock.get());
    return failed(lock_path + " cannot be locked", errno);
  }
  if (ftruncate(lock.get(), 0) != 0 ||
      !write_all(lock.get(), std::to_string(getpid()) + "\n")) {
    return failed(lock_path + " cannot be written", errno);
  }
  return std::unique_ptr<DataDir>(new DataDir(path, lock.release()));
}

DataDir::~DataDir() { close(lock_); }

Result<std::string> DataDir::owner_token(Entropy& entropy) const {
  auto existing = read_owner_token(path_);
  if (existing || existing.error().code != Code::kNotFound) return existing;
  const std::string token = make_token(entropy);
  const int error = create_whole(token_path(), token + "\n");
  if (error != 0) return failed(token_path() + " cannot be written", error);
  return token;
}

Result<std::string> read_owner_token(const std::string& data_dir) {
  const std::string path = data_dir + "/owner.token";
  const Descriptor file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (file.get() < 0 && errno == ENOENT) {
    return Error{Code::kNotFound, "There is no " + path + ".", {}};
  }
  if (file.get() < 0) return failed(path + " cannot be read", errno);
  const std::string token = read_small(file.get());
  if (!is_well_formed_token(token)) {
    return Error{Code::kConfigInvalid, path + " does not hold a token.", {}};
  }
  return token;
}

}  // namespace troupe::system
