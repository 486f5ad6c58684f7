#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/journal/chain.h"

namespace troupe::journal {

/// Header of a frame: the records of one decision of one entity. Written little-endian varints
/// after a version byte, closed by a CRC32C of everything; see ARCHITECTURE.md.
struct Header {
  std::uint8_t version = 1;
  std::uint64_t number = 0;        ///< of this frame in its entity, from 1
  std::uint64_t first_record = 0;  ///< number of its first record in its entity, from 1
  std::uint32_t record_count = 0;
  /// Seq of its first event, from 1; without events that of the next event of the entity, so that a
  /// search by seq can judge every frame.
  std::uint64_t first_seq = 0;
  std::uint32_t event_count = 0;
  Chain::Back back;
};

std::string encode_frame(const Header& header, std::string_view records);

struct FrameView {
  Header header;
  std::string_view records;
};
/// kCorrupt if the checksum or the layout is wrong, kUnavailable for a version from the future.
Result<FrameView> decode_frame(std::string_view bytes);

/// Frames of an entity that hold events with seq > `after`, oldest first, beginning with the one
/// that holds `after + 1`; stops after `frames_max` frames. Walks back from `head` over the skip
/// pointers and reads history for what has left the journal: O(log n + frames).
Result<std::vector<store::Frame>> frames_after_seq(store::Reader& reader,
                                                   RunId entity,
                                                   store::Pos head,
                                                   std::uint64_t after,
                                                   std::size_t frames_max);
/// All frames of an entity behind `after` (0: from its first), oldest first, for folds.
Status for_each_frame(store::Reader& reader, RunId entity, store::Pos head, store::Pos after,
                      const std::function<Status(const store::Frame&, const FrameView&)>& visit);

/// CRC32C (Castagnoli), by the processor's instruction where it has one.
std::uint32_t crc32c(std::string_view bytes);
/// The same by table, for processors without it.
std::uint32_t crc32c_by_table(std::string_view bytes);

}  // namespace troupe::journal
