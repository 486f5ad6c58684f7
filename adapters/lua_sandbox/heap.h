#pragma once

#include <malloc.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
extern "C" void* __libc_realloc(void*, std::size_t);  // NOLINT: glibc's own names
extern "C" void __libc_free(void*);                   // NOLINT
#endif

namespace troupe::lua_sandbox {

// Lua's memory comes from glibc's malloc even where another allocator is linked in: the cap counts
// its chunks, and what a script has freed must go back to the system at once.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
inline void* system_realloc(void* block, std::size_t bytes) { return __libc_realloc(block, bytes); }
inline void system_free(void* block) { __libc_free(block); }
#else
inline void* system_realloc(void* block, std::size_t bytes) { return std::realloc(block, bytes); }
inline void system_free(void* block) { std::free(block); }
#endif

// glibc makes itself ready at its first allocation, which it takes to be made by one thread alone;
// where another allocator serves the rest, that would be a script's, in any thread. So it is made
// before there are threads.
inline const bool kSystemHeapIsReady = (system_free(system_realloc(nullptr, 1)), true);

/// The allocator of one Lua state with a byte cap. Counts what malloc really takes (header and
/// rounding included), so that the cap bounds the process and not only Lua's own sum.
struct Heap {
  std::size_t used = 0;
  std::size_t cap = 0;
  bool retrying = false;   ///< Lua collects everything after a refusal, then asks again
  unsigned strikes = 0;    ///< collections that made little room
  bool exhausted = false;  ///< no growth any more, until renew()

  void renew(std::size_t new_cap) {
    // Holes between blocks are the process's memory too, but nobody counts them: an eighth is for
    // them.
    cap = new_cap - new_cap / 8;
    retrying = exhausted = false;
    strikes = 0;
  }

  /// A lua_Alloc; `data` is the Heap.
  static void* reallocate(void* data, void* block, std::size_t old_size, std::size_t new_size) {
    Heap& heap = *static_cast<Heap*>(data);
    const std::size_t before = block == nullptr ? 0 : chunk(old_size);
    if (new_size == 0) {
      system_free(block);
      heap.used -= before;
      return nullptr;
    }
    const std::size_t after = chunk(new_size);
    if (after > before && !heap.may_grow(after - before)) return nullptr;
    if (after - std::min(before, after) >= kLargeBytes) give_back_free_pages();
    void* const moved = system_realloc(block, new_size);
    // Lua relies on shrinking never to fail.
    if (moved == nullptr) return after <= before ? block : nullptr;
    heap.used = heap.used - before + after;
    return moved;
  }

 private:
  // Close below the cap Lua would collect the whole heap for every few blocks, for minutes and deaf
  // to every signal. After a few collections that made little room the script is out of memory for
  // good.
  bool may_grow(std::size_t bytes) {
    constexpr unsigned kStrikesMax = 3;
    if (retrying) {
      retrying = false;
      if (used > cap - cap / 8 && ++strikes >= kStrikesMax) exhausted = true;
    }
    if (exhausted) return false;
    if (used + bytes <= cap) return true;
    retrying = true;
    return false;
  }

  static constexpr std::size_t kLargeBytes = std::size_t{1} << 20;

  static std::size_t chunk(std::size_t size) {
    return std::max<std::size_t>(32, (size + 8 + 15) & ~std::size_t{15});
  }

  /// Small blocks that were freed stay with malloc while a large block comes from new pages: a
  /// script that does one after the other would hold twice its cap.
  static void give_back_free_pages() {
#if !defined(__SANITIZE_ADDRESS__)
    if (mallinfo2().fordblks > 2 * kLargeBytes) malloc_trim(0);
#endif
  }
};

}  // namespace troupe::lua_sandbox
