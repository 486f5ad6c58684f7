#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe::nats {

// Subjects are built of tokens that have been checked: a dot, a space or a wildcard from a user
// would name somebody else's subject.

/// Of a workspace or project: [a-z0-9-]{1,63}.
bool is_slug(std::string_view token);
/// Stands where a project would, for what belongs to the workspace as a whole. No slug can be it.
inline constexpr std::string_view kNoProject = "_";
/// Of a work queue: [A-Za-z0-9_-]{1,64}.
bool is_queue_name(std::string_view token);

/// The tokens between the dots.
std::vector<std::string_view> tokens_of(std::string_view subject);
/// The last one.
std::string_view last_token(std::string_view subject);

}  // namespace troupe::nats
