#pragma once

#include <memory>
#include <string>

#include "runtime/base/result.h"
#include "runtime/port/system.h"

namespace troupe::system {

/// The data directory, held against every other process for as long as this lives. The kernel lets
/// the lock go when the process ends, however it ends.
class DataDir {
 public:
  /// Creates the directory (0700) where it is missing. kDataDirHeld names the pid of the holder;
  /// kUnavailable or kStorageFull if it cannot be made or written.
  static Result<std::unique_ptr<DataDir>> hold(const std::string& path);
  ~DataDir();
  DataDir(const DataDir&) = delete;
  DataDir& operator=(const DataDir&) = delete;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string token_path() const { return file("owner.token"); }

  /// The owner's token from D/owner.token (0600), made now if there is none. It is whole or absent,
  /// whatever happens meanwhile. kConfigInvalid if the file holds something else.
  Result<std::string> owner_token(Entropy& entropy) const;

 private:
  DataDir(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::string path_;
  int lock_;
};

/// Reads a token that a server left in its data directory, without holding that. kNotFound if none.
Result<std::string> read_owner_token(const std::string& data_dir);

}  // namespace troupe::system
