#include "runtime/graph/findings.h"

#include <algorithm>
#include <utility>

namespace troupe::graph {
namespace {

constexpr std::size_t kErrorsMax = 1000;
constexpr std::size_t kWarningsMax = 100;
/// Longer names are not compared: the distance costs the product of both lengths.
constexpr std::size_t kNameBytesMax = 64;

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

bool Findings::errors_full() const { return errors_ >= kErrorsMax; }
bool Findings::warnings_full() const { return warnings_ >= kWarningsMax; }

void Findings::error(Code code, std::string_view step, std::string pointer, std::string message) {
  if (errors_full()) return;
  ++errors_;
  issues_.push_back({code, std::string(step), std::move(pointer), std::move(message), false});
}

void Findings::warning(Code code, std::string_view step, std::string pointer, std::string message) {
  if (warnings_full()) return;
  ++warnings_;
  issues_.push_back({code, std::string(step), std::move(pointer), std::move(message), true});
}

std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& candidates) {
  if (name.size() > kNameBytesMax) return {};
  const std::size_t near_enough = name.size() <= 4 ? 1 : name.size() <= 8 ? 2 : 3;
  std::size_t best = near_enough + 1;
  std::string_view nearest;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > name.size() + near_enough) continue;
    if (name.size() > candidate.size() + near_enough) continue;
    const std::size_t found = distance(name, candidate);
    if (found < best) {
      best = found;
      nearest = candidate;
    }
  }
  if (nearest.empty()) return {};
  return " (did you mean \"" + std::string(nearest) + "\"?)";
}

std::string in_quotes(std::string_view text) {
  if (text.size() <= kNameBytesMax) return '"' + std::string(text) + '"';
  std::size_t cut = kNameBytesMax;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  return '"' + std::string(text.substr(0, cut)) + "…\"";
}

}  // namespace troupe::graph
