#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/journal/piece.h"
#include "runtime/port/store.h"

namespace troupe::sqlite {

/// One chunk: frames of one entity, oldest first, compressed (zstd level 1) with a checksum over
/// the whole. A chunk under a wrong key shows as kCorrupt.
std::string encode_chunk(RunId entity, const std::vector<const store::Frame*>& frames);
Result<std::vector<store::Frame>> decode_chunk(const store::PieceKey& key,
                                               std::string_view chunk);

}  // namespace troupe::sqlite
