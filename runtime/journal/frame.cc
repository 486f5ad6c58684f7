#include "runtime/journal/frame.h"

namespace troupe::journal {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kChecksumBytes = 4;

std::uint32_t read_checksum(std::string_view four) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < kChecksumBytes; ++i) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(four[i])) << (8 * i);
  }
  return value;
}

}  // namespace

std::string encode_frame(const Header& header, std::string_view records) {
  std::string buffer;
  buffer.reserve(records.size() + 48);
  ByteWriter out(std::move(buffer));
  out.byte(header.version);
  out.varint(header.number);
  out.varint(header.first_record);
  out.varint(header.record_count);
  out.varint(header.first_seq);
  out.varint(header.event_count);
  out.varint(header.back.one);
  out.varint(header.back.far64);
  out.varint(header.back.far4096);
  out.raw(records);
  const std::uint32_t checksum = crc32c(out.bytes());
  for (std::size_t i = 0; i < kChecksumBytes; ++i) {
    out.byte(static_cast<std::uint8_t>(checksum >> (8 * i)));
  }
  return out.take();
}

Result<FrameView> decode_frame(std::string_view bytes) {
  // The checksum comes first, whatever the version: every version closes a frame with it, so a
  // damaged version byte is not taken for one from the future.
  if (bytes.size() <= kChecksumBytes) return {Code::kCorrupt, "A journal frame is too short."};
  const std::string_view body = bytes.substr(0, bytes.size() - kChecksumBytes);
  if (crc32c(body) != read_checksum(bytes.substr(body.size()))) {
    return {Code::kCorrupt, "A journal frame does not have its checksum."};
  }
  ByteReader in(body);
  FrameView view;
  Header& header = view.header;
  header.version = in.byte();
  if (header.version > kVersion) {
    return {Code::kUnavailable, "A journal frame was written by a newer version of Troupe."};
  }
  header.number = in.varint();
  header.first_record = in.varint();
  const std::uint64_t record_count = in.varint();
  header.first_seq = in.varint();
  const std::uint64_t event_count = in.varint();
  header.back.one = in.varint();
  header.back.far64 = in.varint();
  header.back.far4096 = in.varint();
  if (in.failed() || header.version == 0 || record_count > UINT32_MAX || event_count > UINT32_MAX) {
    return {Code::kCorrupt, "The header of a journal frame is damaged."};
  }
  header.record_count = static_cast<std::uint32_t>(record_count);
  header.event_count = static_cast<std::uint32_t>(event_count);
  view.records = body.substr(in.position());
  return view;
}

}  // namespace troupe::journal
