#include "adapters/postgres/history.h"

#include "runtime/journal/row_codec.h"

namespace troupe::postgres {
namespace {

constexpr std::size_t kCheckSize = 8;

std::string check_of(const Hasher& hasher, std::string_view piece) {
  const Digest digest = hasher.hash(piece);
  return {reinterpret_cast<const char*>(digest.data()), kCheckSize};
}

}  // namespace

std::string encode_chunk(const Hasher& hasher, RunId entity,
                         const std::vector<const store::Frame*>& frames) {
  std::string chunk = store::encode_piece(entity, frames);
  chunk += check_of(hasher, chunk);
  return chunk;
}

Result<std::vector<store::Frame>> decode_chunk(const Hasher& hasher, const store::PieceKey& key,
                                               std::string_view chunk) {
  if (chunk.size() <= kCheckSize) return store::corrupt("a history chunk is too short");
  const std::string_view piece = chunk.substr(0, chunk.size() - kCheckSize);
  if (check_of(hasher, piece) != chunk.substr(piece.size())) {
    return store::corrupt("a history chunk does not have its checksum");
  }
  return store::decode_piece(key, piece);
}

void Chunks::add(const Hasher& hasher, std::uint32_t bucket, RunId entity,
                 const std::vector<const store::Frame*>& frames) {
  buckets_.integer(bucket);
  entities_.id(entity);
  first_.integer(static_cast<std::int64_t>(frames.front()->pos));
  last_.integer(static_cast<std::int64_t>(frames.back()->pos));
  bytes_.blob(encode_chunk(hasher, entity, frames));
}

Request Chunks::insert() && {
  return {"INSERT INTO history(bucket, entity, first_pos, last_pos, bytes) "
          "SELECT * FROM unnest($1,$2,$3,$4,$5)",
          Parameters::of(std::move(buckets_), std::move(entities_), std::move(first_),
                         std::move(last_), std::move(bytes_))};
}

}  // namespace troupe::postgres
