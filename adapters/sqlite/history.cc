#include "adapters/sqlite/history.h"

#include <zstd.h>

#include <memory>

#include "runtime/journal/row_codec.h"

namespace troupe::sqlite {

using store::corrupt;
using store::Frame;

namespace {

constexpr int kLevel = 1;
constexpr std::size_t kChunkBytesMax = std::size_t{1} << 30;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

/// A context costs more to make than a small chunk to compress, so each thread keeps one.
ZSTD_CCtx* compressor() {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  TROUPE_ENSURE(context != nullptr);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  return context.get();
}

}  // namespace

std::string encode_chunk(RunId entity, const std::vector<const Frame*>& frames) {
  const std::string plain = store::encode_piece(entity, frames);
  std::string chunk(ZSTD_compressBound(plain.size()), '\0');
  const std::size_t size =
      ZSTD_compress2(compressor(), chunk.data(), chunk.size(), plain.data(), plain.size());
  TROUPE_ENSURE(!ZSTD_isError(size));
  chunk.resize(size);
  return chunk;
}

Result<std::vector<Frame>> decode_chunk(const store::PieceKey& key, std::string_view chunk) {
  const auto size = ZSTD_getFrameContentSize(chunk.data(), chunk.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > kChunkBytesMax) {
    return corrupt("a history chunk has no size");
  }
  std::string plain(size, '\0');
  const std::size_t got =
      ZSTD_decompress(plain.data(), plain.size(), chunk.data(), chunk.size());
  if (ZSTD_isError(got) || got != size) return corrupt("a history chunk does not decompress");
  return store::decode_piece(key, plain);
}

}  // namespace troupe::sqlite
