#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/port/store.h"

namespace troupe::store {

/// What a piece of history is found by: whose frames it holds, from which to which.
struct PieceKey {
  RunId entity;
  Pos first = 0;
  Pos last = 0;
};

/// Frames of one entity, oldest first, as history keeps them behind its own checksum. All of its
/// key is inside, so that a piece under a wrong one shows as kCorrupt.
std::string encode_piece(RunId entity, const std::vector<const Frame*>& frames);
Result<std::vector<Frame>> decode_piece(const PieceKey& key, std::string_view bytes);

}  // namespace troupe::store
