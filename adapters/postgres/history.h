#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "adapters/postgres/connection.h"
#include "runtime/base/result.h"
#include "runtime/journal/piece.h"
#include "runtime/port/store.h"

namespace troupe::postgres {

/// One chunk: frames of one entity, oldest first, and the first eight bytes of their hash.
/// PostgreSQL compresses it by itself.
std::string encode_chunk(const Hasher& hasher, RunId entity,
                         const std::vector<const store::Frame*>& frames);
Result<std::vector<store::Frame>> decode_chunk(const Hasher& hasher, const store::PieceKey& key,
                                               std::string_view chunk);

/// Chunks on their way into the table, whose buckets are there.
class Chunks {
 public:
  void add(const Hasher& hasher, std::uint32_t bucket, RunId entity,
           const std::vector<const store::Frame*>& frames);
  Request insert() &&;

 private:
  Column buckets_{Type::kInteger}, entities_{Type::kId}, first_{Type::kInteger},
      last_{Type::kInteger}, bytes_{Type::kBytes};
};

}  // namespace troupe::postgres
