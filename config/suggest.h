#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

/// The known word that a mistyped one most likely meant, or empty if none is near enough: a third
/// of its letters, at least one, at most three edits away.
std::string nearest(std::string_view typed, const std::vector<std::string>& known);

}  // namespace troupe::config
