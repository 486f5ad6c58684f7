#pragma once

#include "actors/messages.h"

namespace troupe::actors {

/// Durable events of a run with seq > `after`, oldest first, at most `limit`. On a reader's thread.
Result<FeedPage> read_events(store::Reader& reader, const RunLook& seen, std::uint64_t after,
                             std::size_t limit);

/// {items:[…], next} of the lines that its attempts printed, with n > `after`.
Result<json::Text> read_logs(store::Reader& reader, const RunLook& seen, std::uint64_t after,
                             std::size_t limit);

/// 32 hexadecimal digits, as hrefs of large values end.
std::optional<Digest> parse_digest(std::string_view text);

}  // namespace troupe::actors
