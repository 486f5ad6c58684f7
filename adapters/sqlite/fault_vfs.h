#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace troupe::sqlite {

enum class DiskOperation : std::uint8_t { kWrite, kSync };
enum class DiskFault : std::uint8_t {
  kNoSpace,  ///< this operation fails, nothing of it happens
  kIoError,
  kDeath,    ///< this one and every later operation fails: the machine is gone
};

/// A disk for tests: a VFS over SQLite's own that counts writes and syncs, fails chosen ones, and
/// knows what a power cut would leave (for each file: what had been synced). Registers itself under
/// `name()` for as long as it lives; databases opened over it must be closed before. Thread-safe.
class FaultDisk {
 public:
  FaultDisk();
  ~FaultDisk();
  FaultDisk(const FaultDisk&) = delete;
  FaultDisk& operator=(const FaultDisk&) = delete;

  const std::string& name() const { return name_; }
  std::uint64_t writes() const;
  std::uint64_t syncs() const;

  /// The `nth` operation from now on (1: the next one) has the fault.
  void fail_nth(DiskOperation operation, std::uint64_t nth, DiskFault fault);
  /// The machine dies at the `nth` write or sync from now on.
  void crash_at(std::uint64_t nth);
  /// Every write over `bytes` more fails with no space, until `give_space`.
  void take_space(std::uint64_t bytes_left);
  void give_space();
  bool dead() const;

  /// Writes the files of `from` into `to` as a power cut at this moment would leave them: without
  /// anything that was not synced.
  void power_cut_image(const std::filesystem::path& from, const std::filesystem::path& to) const;

  // For the VFS's own functions.
  enum class Verdict : std::uint8_t { kGo, kNoSpace, kIoError };
  Verdict before_write(const std::string& path, std::int64_t offset, int size);
  Verdict before_sync();
  void after_sync(const std::string& path);

 private:
  struct Armed {
    bool any_operation;
    DiskOperation operation;
    std::uint64_t left;
    DiskFault fault;
  };
  struct Range {
    std::int64_t offset;
    int size;
  };
  struct Shadow {
    std::string synced;
    std::vector<Range> dirty;
  };
  Verdict judge(DiskOperation operation);

  std::string name_;
  void* vfs_ = nullptr;
  mutable std::mutex mutex_;
  std::uint64_t writes_ = 0;
  std::uint64_t syncs_ = 0;
  bool dead_ = false;
  bool space_limited_ = false;
  std::uint64_t space_left_ = 0;
  std::vector<Armed> armed_;
  std::map<std::string, Shadow> files_;
};

}  // namespace troupe::sqlite
