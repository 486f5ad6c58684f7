#include "tests/support/disk.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "tests/support/process.h"

namespace troupe::testing {
namespace {

constexpr int kToolMs = 30'000;
constexpr int kLetGoMs = 30'000;
/// EXT4_IOC_SHUTDOWN and its flag for "write nothing, not even the log"; no header of Linux has it.
constexpr unsigned long kShutdown = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t kNoLogFlush = 2;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error("A disk of its own cannot be had: " + what + ": " +
                           std::strerror(errno) + ". These tests must run as root.");
}

/// Once for all disks of a thread: what still sees a mount keeps it from going.
void have_own_mounts() {
  thread_local bool has = false;
  if (has) return;
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) != 0) {
    fail("mounts of its own");
  }
  has = true;
}

void run(std::vector<std::string> command) {
  const std::string program = command[0];
  const Outcome outcome = run_program({std::move(command), "", {}, ""}, kToolMs);
  if (outcome.exit != 0) throw std::runtime_error(program + " failed: " + outcome.err);
}

}  // namespace

Disk::Disk(std::string image, std::string path, int megabytes)
    : image_(std::move(image)), path_(std::move(path)) {
  have_own_mounts();
  run({"/usr/bin/truncate", "-s", std::to_string(megabytes) + "M", image_});
  run({"/sbin/mkfs.ext4", "-q", "-F", "-m", "0", image_});
  std::filesystem::create_directories(path_);
  mount();
}

Disk::~Disk() { ::umount2(path_.c_str(), MNT_DETACH); }

void Disk::mount() {
  run({"/bin/mount", "-t", "ext4", "-o", "loop,errors=continue", image_, path_});
}

void Disk::fill() {
  const int file = ::open((path_ + "/ballast").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) fail("ballast");
  off_t size = 0;
  constexpr off_t kBlock = 4'096;
  for (off_t part = off_t{1} << 30; part >= kBlock; part /= 2) {
    while (::fallocate(file, 0, size, part) == 0) size += part;
  }
  ::close(file);
}

void Disk::make_room() {
  power_on();
  std::filesystem::remove(path_ + "/ballast");
}

void Disk::cut_power() {
  const int folder = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int done = folder < 0 ? -1 : ::ioctl(folder, kShutdown, &kNoLogFlush);
  if (done != 0) fail("a power cut");
  ::close(folder);
  has_power_ = false;
}

void Disk::power_on() {
  if (has_power_) return;
  const long long deadline = now_ms() + kLetGoMs;
  while (::umount(path_.c_str()) != 0) {
    if (now_ms() > deadline) fail("the end of its users");
    ::poll(nullptr, 0, 20);
  }
  mount();
  has_power_ = true;
}

}  // namespace troupe::testing
