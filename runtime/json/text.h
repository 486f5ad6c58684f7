#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace troupe::json {

/// Limits of the validating walk at the edge.
struct Limits {
  std::size_t bytes_max = 1 << 20;
  int depth_max = 64;  ///< containers inside containers; deeper text is refused
};

/// Valid JSON, immutable and shared: copying one copies a pointer. The bytes never change, so views
/// into them live as long as any copy. Safe to read from several threads.
class Text {
 public:
  Text() = default;  ///< empty: no value at all (not JSON null)

  /// The one validating walk: UTF-8 without surrogates, RFC 8259 grammar, depth, no duplicate keys,
  /// numbers that fit int64, uint64 or a finite double. The error is kInvalidJson (or
  /// kPayloadTooLarge) and names the line, the column and the byte offset. White space around the
  /// value is dropped.
  static Result<Text> parse(std::string bytes, const Limits& limits = {});

  /// For bytes that this process wrote itself or read back from its own store.
  static Text trusted(std::string bytes);

  bool empty() const { return bytes_ == nullptr; }
  std::string_view view() const { return bytes_ ? std::string_view(*bytes_) : std::string_view(); }
  std::size_t size() const { return bytes_ ? bytes_->size() : 0; }

 private:
  std::shared_ptr<const std::string> bytes_;
};

/// Position of a byte in a text, from 1, for messages to people. A column counts code points.
struct LineColumn {
  std::size_t line = 1;
  std::size_t column = 1;
};
LineColumn line_column(std::string_view text, std::size_t offset);

}  // namespace troupe::json
