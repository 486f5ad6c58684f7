#include "runtime/base/ensure.h"

#include <cstdio>
#include <cstdlib>

namespace troupe {

void ensure_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "troupe: broken invariant at %s:%d: %s\n", file, line, condition);
  std::abort();
}

}  // namespace troupe
