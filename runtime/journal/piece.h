#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/port/store.h"

namespace troupe::store {

/// Frames of one entity, oldest first, as history keeps them behind its own checksum. The entity is
/// inside, so that a piece under a wrong key shows as kCorrupt.
std::string encode_piece(RunId entity, const std::vector<const Frame*>& frames);
Result<std::vector<Frame>> decode_piece(RunId entity, std::string_view bytes);

}  // namespace troupe::store
