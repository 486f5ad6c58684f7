#include "adapters/vault/master_key_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "adapters/vault/aead.h"
#include "adapters/vault/base64.h"
#include "adapters/vault/descriptor.h"
#include "adapters/vault/master_key_text.h"
#include "adapters/vault/memory.h"

namespace troupe::vault {
namespace {

constexpr std::size_t kFileBytesMax = 256;

Error invalid(const std::string& path, const std::string& what) {
  return {Code::kConfigInvalid, "The master key file " + path + " " + what + ".", {}};
}

Error not_written(const std::string& path, int error) {
  const Code code = error == ENOSPC || error == EDQUOT ? Code::kStorageFull : Code::kUnavailable;
  return {
      code, "The master key file " + path + " cannot be made: " + std::strerror(error) + ".", {}};
}

/// Up to one byte more than a key file may have.
Result<SecretText> read_all(int fd, const std::string& path) {
  SecretText bytes = SecretText::of_size(kFileBytesMax + 1, locked_memory());
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = read(fd, bytes.writable().data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return invalid(path, std::string("cannot be read: ") + std::strerror(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  bytes.truncate(size);
  return bytes;
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

int write_new(const std::string& path, std::string_view bytes) {
  const Descriptor file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.is_open() || !write_all(file.get(), bytes) || fsync(file.get()) != 0) return errno;
  return 0;
}

int sync_folder_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const char* const folder = parent.empty() ? "." : parent.c_str();
  const Descriptor directory(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open() || fsync(directory.get()) != 0) return errno;
  return 0;
}

/// Of this process alone, because another one may be doing the same.
std::string draft_name(const std::string& path) {
  unsigned char random[8];
  fill_randomly(random);
  std::string name = path + ".new-";
  for (const unsigned char byte : random) {
    name += "0123456789abcdef"[byte >> 4];
    name += "0123456789abcdef"[byte & 15];
  }
  return name;
}

}  // namespace

std::string objection_to_key_file(const struct stat& file, uid_t user) {
  if (!S_ISREG(file.st_mode)) return "is no regular file";
  if (file.st_uid != user && file.st_uid != 0) return "belongs to another user";
  if ((file.st_mode & (S_IRWXG | S_IRWXO)) != 0) return "is open to other users: chmod 600 it";
  return {};
}

Result<SecretText> read_master_key_file(const std::string& path) {
  // Not blocking, because opening a pipe would wait for whoever writes into it.
  const Descriptor file(
      open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file.is_open() && errno == ELOOP) return invalid(path, "is a link, not the file itself");
  struct stat status {};
  if (!file.is_open() || fstat(file.get(), &status) != 0) {
    return invalid(path, std::string("cannot be read: ") + std::strerror(errno));
  }
  const std::string objection = objection_to_key_file(status, geteuid());
  if (!objection.empty()) return invalid(path, objection);
  const Result<SecretText> bytes = read_all(file.get(), path);
  if (!bytes) return bytes.error();
  return parse_master_key_file(bytes->reveal(), "The master key file " + path);
}

Result<bool> make_master_key_file(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) == 0) return false;
  if (errno != ENOENT) return not_written(path, errno);
  const SecretText key = random_key();
  const SecretText text = encode_base64(key.reveal());
  const std::string draft = draft_name(path);
  int error = write_new(draft, text.reveal());
  // A link, unlike a rename, never replaces what another process has made meanwhile.
  if (error == 0 && link(draft.c_str(), path.c_str()) != 0) error = errno;
  unlink(draft.c_str());
  if (error == EEXIST) return false;
  if (error == 0) error = sync_folder_of(path);
  if (error != 0) return not_written(path, error);
  return true;
}

}  // namespace troupe::vault
