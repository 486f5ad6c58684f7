#include "adapters/vault/memory.h"

#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <string>

#include "adapters/vault/aead.h"
#include "runtime/base/ensure.h"

namespace troupe::vault {
namespace {

class LockedMemory final : public std::pmr::memory_resource {
 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    // It ends at the guard page, so it begins wherever that makes it.
    TROUPE_ENSURE(alignment == 1);
    start_sodium();
    void* const memory = sodium_malloc(bytes);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
  }
  void do_deallocate(void* memory, std::size_t, std::size_t) override { sodium_free(memory); }
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
    return this == &other;
  }
};

}  // namespace

std::pmr::memory_resource* locked_memory() {
  // Never destroyed: secrets of other static objects may go after it.
  static auto* const memory = new LockedMemory;
  return memory;
}

Status forbid_dumps() {
  // The limit reaches the programs that are started from here as well, which get secrets too.
  const rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0) {
    return {Code::kUnavailable,
            std::string("Core files cannot be forbidden: ") + std::strerror(errno) + "."};
  }
  return ok();
}

}  // namespace troupe::vault
