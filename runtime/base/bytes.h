#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/base/uuid.h"

namespace troupe {

/// Appends the little binary language of journal records: varints (LEB128), zigzag, length-prefixed
/// text, raw Uuids.
class ByteWriter {
 public:
  ByteWriter() = default;
  /// Goes on behind these bytes, so that many records share one buffer; `take` gives it back.
  explicit ByteWriter(std::string bytes) : bytes_(std::move(bytes)) {}
  void varint(std::uint64_t value) {
    while (value >= 0x80) {
      bytes_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    bytes_.push_back(static_cast<char>(value));
  }
  void zigzag(std::int64_t value) {
    varint((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  void byte(std::uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void text(std::string_view value) {
    varint(value.size());
    bytes_.append(value);
  }
  void uuid(const Uuid& id) {
    const auto raw = id.bytes();
    bytes_.append(reinterpret_cast<const char*>(raw.data()), raw.size());
  }
  void time(TimePoint time) { zigzag(time.us); }
  void raw(std::string_view value) { bytes_.append(value); }
  std::size_t size() const { return bytes_.size(); }
  std::string take() { return std::move(bytes_); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// Reads what ByteWriter wrote. Reading past the end, or a malformed varint, sets `failed()` and
/// yields zeroes, so a decoder checks once at its end.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at_ >= bytes_.size()) return fail();
      const auto b = static_cast<std::uint8_t>(bytes_[at_++]);
      value |= static_cast<std::uint64_t>(b & 0x7F) << shift;
      if ((b & 0x80) == 0) return value;
    }
    return fail();
  }
  std::int64_t zigzag() {
    const std::uint64_t raw = varint();
    return static_cast<std::int64_t>(raw >> 1) ^ -static_cast<std::int64_t>(raw & 1);
  }
  std::uint8_t byte() {
    if (at_ >= bytes_.size()) return static_cast<std::uint8_t>(fail());
    return static_cast<std::uint8_t>(bytes_[at_++]);
  }
  std::string_view text() { return raw(varint()); }
  std::string_view raw(std::uint64_t size) {
    if (size > bytes_.size() - at_) {
      fail();
      return {};
    }
    const std::string_view value = bytes_.substr(at_, size);
    at_ += size;
    return value;
  }
  Uuid uuid() {
    if (bytes_.size() - at_ < 16) {
      fail();
      return {};
    }
    const Uuid id = Uuid::from_bytes(bytes_.data() + at_);
    at_ += 16;
    return id;
  }
  TimePoint time() { return {zigzag()}; }
  bool failed() const { return failed_; }
  bool at_end() const { return at_ >= bytes_.size(); }
  std::size_t position() const { return at_; }

 private:
  std::uint64_t fail() {
    failed_ = true;
    at_ = bytes_.size();
    return 0;
  }
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace troupe
