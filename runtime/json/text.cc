#include "runtime/json/text.h"

#include <algorithm>

#include "runtime/json/scan.h"
#include "runtime/json/walk.h"

namespace troupe::json {

namespace {

std::string describe(std::string_view text, const Fault& fault) {
  const LineColumn position = line_column(text, fault.offset);
  return "line " + std::to_string(position.line) + ", column " + std::to_string(position.column) +
         ": " + fault.message + " (byte " + std::to_string(fault.offset) + ")";
}

/// A view of the text is then a value, as all of read.h expects.
void remove_outer_space(std::string& bytes) {
  while (!bytes.empty() && scan::is_space(bytes.back())) bytes.pop_back();
  const char* const end = bytes.data() + bytes.size();
  const char* const start = scan::skip_space(bytes.data(), end);
  if (start != bytes.data()) bytes.erase(0, static_cast<std::size_t>(start - bytes.data()));
}

}  // namespace

Result<Text> Text::parse(std::string bytes, const Limits& limits) {
  if (bytes.size() > limits.bytes_max) {
    return {Code::kPayloadTooLarge, "the text has " + std::to_string(bytes.size()) +
                                        " bytes; at most " + std::to_string(limits.bytes_max) +
                                        " are allowed"};
  }
  const Fault fault = check(bytes, limits.depth_max);
  if (!fault.message.empty()) return {Code::kInvalidJson, describe(bytes, fault)};
  return trusted(std::move(bytes));
}

Text Text::trusted(std::string bytes) {
  remove_outer_space(bytes);
  Text text;
  if (!bytes.empty()) text.bytes_ = std::make_shared<const std::string>(std::move(bytes));
  return text;
}

LineColumn line_column(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  LineColumn position;
  for (const char c : before) {
    if (c == '\n') {
      ++position.line;
      position.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++position.column;
    }
  }
  return position;
}

}  // namespace troupe::json
