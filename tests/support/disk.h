#pragma once

#include <string>

namespace troupe::testing {

/// A disk for one server: a file with an ext4 file system of its own, which can be full and can
/// lose its power. It is mounted for this thread and what the thread starts later, and is gone with
/// them, however they end. Needs root and a loop device; throws and says so where they are not to
/// be had.
class Disk {
 public:
  /// `path` is where it is mounted.
  Disk(std::string image, std::string path, int megabytes);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  const std::string& path() const { return path_; }
  /// Nothing more fits, until `make_room`.
  void fill();
  void make_room();
  /// From this instant nothing is written any more, and what no sync has made durable is lost.
  /// Whoever uses the disk meets errors; once nobody does, `power_on` shows what it has kept.
  void cut_power();
  void power_on();

 private:
  void mount();

  std::string image_;
  std::string path_;
  bool has_power_ = true;
};

}  // namespace troupe::testing
