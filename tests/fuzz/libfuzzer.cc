// Makes one entry the target of libFuzzer; TROUPE_FUZZ_ENTRY is its name.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/entries.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  troupe::fuzz::TROUPE_FUZZ_ENTRY({reinterpret_cast<const char*>(data), size});
  return 0;
}
