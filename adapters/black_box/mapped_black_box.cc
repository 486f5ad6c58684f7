#include "adapters/black_box/mapped_black_box.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>

namespace troupe::black_box {
namespace {

constexpr std::uint64_t kMagic = 0x31584f424b434c42;  // "BLCKBOX1"
constexpr std::size_t kThreads = 128;
constexpr std::size_t kSuspects = 128;
constexpr std::uint32_t kNoSlot = std::numeric_limits<std::uint32_t>::max();

thread_local std::uint32_t slot_of_thread = kNoSlot;
thread_local const void* slot_owner = nullptr;

}  // namespace

struct MappedBlackBox::File {
  struct Slot {
    std::uint64_t high, low;  ///< zero: idle
  };
  struct Suspect {
    std::uint64_t high, low;
    std::uint64_t deaths;
  };
  std::uint64_t magic;
  Slot slots[kThreads];
  Suspect suspects[kSuspects];  ///< as of the last death
  std::uint64_t fenced;         ///< an older file ends before it, and is extended with zeros
};

Result<std::unique_ptr<MappedBlackBox>> MappedBlackBox::open(const std::string& path) {
  const auto failed = [&path](const char* what) {
    const Code code = errno == ENOSPC ? Code::kStorageFull : Code::kUnavailable;
    return Error{code, path + ": " + what + ": " + std::strerror(errno), {}};
  };
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return failed("cannot be opened");
  // posix_fallocate, not ftruncate: a full disk must show here and not as SIGBUS at the first
  // store.
  if (const int error = ::posix_fallocate(fd, 0, sizeof(File)); error != 0) {
    errno = error;
    ::close(fd);
    return failed("cannot be extended");
  }
  void* mapped = ::mmap(nullptr, sizeof(File), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (mapped == MAP_FAILED) return failed("cannot be mapped");
  auto box = std::unique_ptr<MappedBlackBox>(new MappedBlackBox(static_cast<File*>(mapped)));
  box->begin_life();
  return box;
}

MappedBlackBox::~MappedBlackBox() {
  std::memset(file_->slots, 0, sizeof file_->slots);
  ::munmap(file_, sizeof(File));
}

void MappedBlackBox::begin_life() {
  if (file_->magic != kMagic) {
    std::memset(file_, 0, sizeof(File));
    file_->magic = kMagic;
  }
  std::map<Uuid, int> before;
  for (const File::Suspect& suspect : file_->suspects) {
    if (suspect.deaths > 0) before[{suspect.high, suspect.low}] = static_cast<int>(suspect.deaths);
  }
  bool died = false;
  for (File::Slot& slot : file_->slots) {
    const Uuid entity{slot.high, slot.low};
    slot = {};
    if (!entity.set()) continue;
    died = true;
    const auto earlier = before.find(entity);
    crashes_[entity] = 1 + (earlier == before.end() ? 0 : earlier->second);
  }
  // A death while nothing was being worked on says nothing about the suspects either.
  if (!died) crashes_ = before;
  std::memset(file_->suspects, 0, sizeof file_->suspects);
  std::size_t i = 0;
  for (const auto& [entity, deaths] : crashes_) {
    if (i == kSuspects) break;
    file_->suspects[i++] = {entity.high, entity.low, static_cast<std::uint64_t>(deaths)};
  }
}

void MappedBlackBox::enter(const Uuid& entity) noexcept {
  if (slot_owner != this) {
    slot_owner = this;
    slot_of_thread = next_slot_.fetch_add(1);
  }
  if (slot_of_thread >= kThreads) return;
  File::Slot& slot = file_->slots[slot_of_thread];
  slot.low = entity.low;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  slot.high = entity.high;
}

void MappedBlackBox::leave() noexcept {
  if (slot_owner != this || slot_of_thread >= kThreads) return;
  File::Slot& slot = file_->slots[slot_of_thread];
  slot.high = 0;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  slot.low = 0;
}

int MappedBlackBox::crashes_of(const Uuid& entity) const {
  const auto found = crashes_.find(entity);
  return found == crashes_.end() ? 0 : found->second;
}

void MappedBlackBox::note_fenced() noexcept {
  std::atomic_ref<std::uint64_t>(file_->fenced).fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t MappedBlackBox::times_fenced() const {
  return std::atomic_ref<std::uint64_t>(file_->fenced).load(std::memory_order_relaxed);
}

}  // namespace troupe::black_box
