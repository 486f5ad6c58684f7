#include "runtime/journal/piece.h"

#include "runtime/base/bytes.h"
#include "runtime/journal/row_codec.h"

namespace troupe::store {

std::string encode_piece(RunId entity, const std::vector<const Frame*>& frames) {
  ByteWriter writer;
  writer.uuid(entity);
  for (const Frame* frame : frames) {
    writer.varint(frame->pos);
    writer.varint(frame->hash);
    writer.text(frame->bytes);
  }
  return writer.take();
}

Result<std::vector<Frame>> decode_piece(const PieceKey& key, std::string_view bytes) {
  ByteReader reader(bytes);
  if (RunId(reader.uuid()) != key.entity) {
    return corrupt("a history chunk belongs to another entity");
  }
  std::vector<Frame> frames;
  while (!reader.at_end()) {
    Frame frame;
    frame.pos = reader.varint();
    frame.entity = key.entity;
    frame.hash = static_cast<std::uint16_t>(reader.varint());
    frame.bytes = std::string(reader.text());
    frames.push_back(std::move(frame));
  }
  if (reader.failed()) return corrupt("a history chunk does not decode");
  if (frames.empty() || frames.front().pos != key.first || frames.back().pos != key.last) {
    return corrupt("a history chunk is not what its key says");
  }
  return frames;
}

}  // namespace troupe::store
