#include "runtime/base/error.h"

#include <array>

namespace troupe {
namespace {

constexpr CodeInfo kCodes[] = {
#define X(enumerator, name, status, transient, title) {name, status, transient, title},
    TROUPE_CODES(X)
#undef X
};

}  // namespace

const CodeInfo& info(Code code) { return kCodes[static_cast<std::size_t>(code)]; }

std::optional<Code> parse_code(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kCodes); ++i) {
    if (kCodes[i].name == name) return static_cast<Code>(i);
  }
  return std::nullopt;
}

}  // namespace troupe
