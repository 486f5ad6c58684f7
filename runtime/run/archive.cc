#include "runtime/run/archive.h"

#include <cstring>

namespace troupe::run::codec {
namespace {

// Of Logs: which parts follow.
constexpr std::uint8_t kLogsLines = 1;
constexpr std::uint8_t kLogsRef = 2;
constexpr std::uint8_t kLogsTruncated = 4;
constexpr std::uint8_t kLogsAll = 7;

constexpr auto kCarriedFields = [](auto& a, auto& r) {
  a.required(r.step);
  a.optional(r.result);
  a.optional(r.input);
  a.optional(r.skip);
  a.flag(r.rejected);
  a.optional(r.failure);
  a.optional(r.count);
  a.optional(r.chunks);
};

constexpr auto kGroupFields = [](auto& a, auto& r) {
  a.required(r.parallel);
  a.optional(r.step);
  a.optional(r.number);
  a.optional(r.first);
  a.optional(r.end);
  a.optional(r.count);
  a.optional(r.items);
};

constexpr auto kUsageFields = [](auto& a, auto& r) {
  a.optional(r.input);
  a.optional(r.cache_read);
  a.optional(r.cache_write);
  a.optional(r.output);
  a.optional(r.reasoning);
  a.optional(r.cost_picousd);
};

constexpr auto kSpreadFields = [](auto& a, auto& r) {
  a.required(r.group_items);
  a.optional(r.at_once);
  a.optional(r.parallel);
};

}  // namespace

void put(ByteWriter& out, const Digest& value) {
  out.raw({reinterpret_cast<const char*>(value.data()), value.size()});
}

void get(Input& input, Digest& value) { value = input.in.uuid().bytes(); }

void put(ByteWriter& out, const PayloadRef& value) {
  out.varint(value.bytes);
  if (value.set()) put(out, value.hash);
}

void get(Input& input, PayloadRef& value) {
  value.bytes = input.in.varint();
  if (value.set()) get(input, value.hash);
}

void put(ByteWriter& out, const Value& value) {
  if (value.ref.set()) {
    out.varint(value.ref.bytes << 1 | 1);
    put(out, value.ref.hash);
    return;
  }
  out.varint(static_cast<std::uint64_t>(value.text.size()) << 1);
  out.raw(value.text.view());
}

void get(Input& input, Value& value) {
  const std::uint64_t head = input.in.varint();
  const std::uint64_t bytes = head >> 1;
  if ((head & 1) != 0) {
    value.ref.bytes = bytes;
    get(input, value.ref.hash);
    input.damaged |= bytes == 0;
    return;
  }
  const std::string_view text = input.in.raw(bytes);
  if (!text.empty()) value.text = json::Text::trusted(std::string(text));
}

// Most paths are one small number: the number of loops around the step shares its byte.
void put(ByteWriter& out, const StepPath& value) {
  TROUPE_ENSURE(value.size % 2 == 1 && value.size <= StepPath::kPartsMax);
  out.varint(static_cast<std::uint64_t>(value.part[0]) << 2 | (value.size / 2));
  for (int i = 1; i < value.size; ++i) out.varint(value.part[i]);
}

void get(Input& input, StepPath& value) {
  const std::uint64_t head = input.in.varint();
  value.size = static_cast<std::uint8_t>((head & 3) * 2 + 1);
  value.part[0] = static_cast<std::uint32_t>(head >> 2);
  input.damaged |= head >> 2 > UINT32_MAX;
  for (int i = 1; i < value.size; ++i) get(input, value.part[i]);
}

void put(ByteWriter& out, const Failure& value) {
  out.text(info(value.code).name);
  out.text(value.message);
}

void get(Input& input, Failure& value) {
  const std::string_view code = input.in.text();
  value.message = input.in.text();
  if (input.in.failed()) return;
  const std::optional<Code> known = parse_code(code);
  if (known)
    value.code = *known;
  else
    input.newer = true;
}

void put(ByteWriter& out, const Carried& value) { put_fields(out, value, kCarriedFields); }

void get(Input& input, Carried& value) { get_fields(input, value, kCarriedFields); }

void put(ByteWriter& out, const Group& value) { put_fields(out, value, kGroupFields); }

void get(Input& input, Group& value) {
  get_fields(input, value, kGroupFields);
  // Items are numbered in 32 bits.
  input.damaged |= !value.set() || value.first >= value.end || value.end > value.count ||
                   value.count > UINT32_MAX;
}

void put(ByteWriter& out, const Spread& value) { put_fields(out, value, kSpreadFields); }

void get(Input& input, Spread& value) {
  get_fields(input, value, kSpreadFields);
  input.damaged |= !value.set() || value.at_once == 0 || value.parallel == 0;
}

void put(ByteWriter& out, const Usage& value) { put_fields(out, value, kUsageFields); }

void get(Input& input, Usage& value) { get_fields(input, value, kUsageFields); }

void put(ByteWriter& out, const Logs& value, TimePoint base) {
  out.byte(static_cast<std::uint8_t>((value.lines.empty() ? 0 : kLogsLines) |
                                     (value.ref.set() ? kLogsRef : 0) |
                                     (value.truncated ? kLogsTruncated : 0)));
  out.varint(value.first);
  out.varint(value.count);
  if (value.ref.set()) put(out, value.ref);
  if (value.lines.empty()) return;
  out.varint(value.lines.size());
  for (const LogEntry& line : value.lines) {
    put_time(out, line.at, base);
    out.text(line.message);
  }
}

void get(Input& input, Logs& value, TimePoint base) {
  const std::uint8_t parts = input.in.byte();
  input.damaged |= parts > kLogsAll;
  value.truncated = (parts & kLogsTruncated) != 0;
  get(input, value.first);
  get(input, value.count);
  if ((parts & kLogsRef) != 0) get(input, value.ref);
  if ((parts & kLogsLines) == 0) return;
  const std::uint64_t count = input.in.varint();
  for (std::uint64_t i = 0; i < count && !input.failed(); ++i) {
    LogEntry& line = value.lines.emplace_back();
    line.at = get_time(input, base);
    line.message = input.in.text();
  }
}

}  // namespace troupe::run::codec
