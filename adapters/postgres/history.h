#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/port/store.h"

namespace troupe::postgres {

/// One chunk: frames of one entity, oldest first, and the first eight bytes of their hash.
/// PostgreSQL compresses it by itself.
std::string encode_chunk(const Hasher& hasher, RunId entity,
                         const std::vector<const store::Frame*>& frames);
Result<std::vector<store::Frame>> decode_chunk(const Hasher& hasher, RunId entity,
                                               std::string_view chunk);

}  // namespace troupe::postgres
