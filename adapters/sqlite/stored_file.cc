#include "adapters/sqlite/stored_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "adapters/sqlite/page_seal.h"
#include "adapters/sqlite/schema.h"

namespace troupe::sqlite {
namespace {

constexpr std::size_t kHeaderBytes = 100;
constexpr std::string_view kMagic("SQLite format 3\0", 16);

Error refused(Code code, const std::string& path, const std::string& why) {
  return {code, "The database file " + path + " " + why + ".", {}};
}

class OpenFile {
 public:
  OpenFile(const std::string& path, int flags) : path_(path) {
    file_ = ::open(path.c_str(), flags | O_CLOEXEC);
  }
  ~OpenFile() {
    if (file_ >= 0) ::close(file_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  bool is_open() const { return file_ >= 0; }
  std::string read(std::size_t count, std::uint64_t offset) const {
    std::string bytes(count, '\0');
    const ssize_t got = ::pread(file_, bytes.data(), count, static_cast<off_t>(offset));
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
  }
  Status write(std::string_view bytes, std::uint64_t offset) const {
    const ssize_t put = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    return put == static_cast<ssize_t>(bytes.size()) ? ok() : failure();
  }
  Status sync() const { return ::fsync(file_) == 0 ? ok() : failure(); }
  Status failure() const {
    const Code code = errno == ENOSPC ? Code::kStorageFull : Code::kUnavailable;
    return refused(code, path_, std::string("cannot be used: ") + std::strerror(errno));
  }

 private:
  const std::string path_;
  int file_;
};

std::uint32_t big(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

/// Size of a page; 0 where there is nothing to judge yet.
Result<std::uint32_t> read_header(const std::string& path, const OpenFile& file) {
  const std::string header = file.read(kHeaderBytes, 0);
  std::error_code none;
  // A first start that was cut short left a rollback journal, and SQLite takes the file back.
  if (header.empty() || std::filesystem::file_size(path + "-journal", none) > 0) {
    if (header.empty() || !none) return std::uint32_t{0};
  }
  const std::string_view bytes(header);
  if (bytes.size() < kHeaderBytes || bytes.substr(0, 16) != kMagic) {
    return refused(Code::kCorrupt, path, "is no database, or its first page is damaged");
  }
  const std::uint32_t stored = big(bytes.substr(16, 2));
  const std::uint32_t page_bytes = stored == 1 ? 65536 : stored;
  if (!is_page_size(page_bytes)) {
    return refused(Code::kCorrupt, path, "has a damaged first page: it tells no page size");
  }
  if (big(bytes.substr(20, 1)) == kSealBytes) return page_bytes;
  if (big(bytes.substr(68, 4)) == kApplicationId) {
    return refused(Code::kCorrupt, path,
                   "has no room for checksums: it was made by a Troupe before the first release, "
                   "or its first page is damaged");
  }
  return refused(Code::kConfigInvalid, path, "belongs to another application");
}

Status seal_pages(const OpenFile& file, std::uint64_t pages, std::uint32_t page_bytes) {
  const auto seal_one = [&](std::uint64_t number) -> Status {
    std::string page = file.read(page_bytes, (number - 1) * page_bytes);
    if (page.size() != page_bytes) return file.failure();
    seal(page.data(), page.size(), static_cast<std::uint32_t>(number));
    return file.write(page, (number - 1) * page_bytes);
  };
  for (std::uint64_t number = 2; number <= pages; ++number) {
    if (Status done = seal_one(number); !done) return done;
  }
  if (Status done = file.sync(); !done) return done;
  if (Status done = seal_one(1); !done) return done;
  return file.sync();
}

}  // namespace

Status make_file_ready(const std::string& path) {
  std::uint32_t page_bytes = 0;
  {
    const OpenFile file(path, O_RDONLY);
    if (!file.is_open()) return ok();
    const auto read = read_header(path, file);
    if (!read) return read.error();
    page_bytes = *read;
    const std::string first = file.read(page_bytes, 0);
    if (page_bytes == 0 || first.size() != page_bytes || !lacks_seal(first)) return ok();
  }
  const OpenFile file(path, O_RDWR);
  if (!file.is_open()) return file.failure();
  std::error_code failed;
  const std::uint64_t bytes = std::filesystem::file_size(path, failed);
  if (failed) return file.failure();
  return seal_pages(file, bytes / page_bytes, page_bytes);
}

}  // namespace troupe::sqlite
