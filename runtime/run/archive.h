#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/run/record.h"

// How values of the run domain become bytes. A struct lists its fields once, in a template `fields`
// that three archives visit in turn: Presence finds which fields differ from their default, Encoder
// writes that mask and those fields, Decoder reads them back. So the directions cannot disagree.
// Stored order is listing order: new fields go at the end of a list, and raise its version.

namespace troupe::run::codec {

/// Bytes being decoded. Errors are sticky, so that one check at the end is enough.
struct Input {
  explicit Input(std::string_view bytes) : in(bytes) {}
  ByteReader in;
  bool damaged = false;  ///< a value that no writer writes
  bool newer = false;    ///< a name that this version does not know
  bool failed() const { return damaged || newer || in.failed(); }
};

template <class T>
concept Integer = std::is_integral_v<T> && !std::is_same_v<T, bool>;

// The last enumerator of each enum: what a decoder accepts.
constexpr StepStatus last(StepStatus) { return StepStatus::kSkipped; }
constexpr SkipReason last(SkipReason) { return SkipReason::kOutOfScope; }
constexpr WaitKind last(WaitKind) { return WaitKind::kInDoubt; }
constexpr store::PauseReason last(store::PauseReason) { return store::PauseReason::kTimer; }
constexpr store::RunStatus last(store::RunStatus) { return store::RunStatus::kStopped; }

template <class T>
requires std::is_enum_v<T>
void put(ByteWriter& out, T value) { out.byte(static_cast<std::uint8_t>(value)); }
template <class T>
requires std::is_enum_v<T>
void get(Input& input, T& value) {
  const std::uint8_t raw = input.in.byte();
  if (raw > static_cast<std::uint8_t>(last(T{})))
    input.damaged = true;
  else
    value = static_cast<T>(raw);
}

template <Integer T>
void put(ByteWriter& out, T value) {
  if constexpr (std::is_signed_v<T>)
    out.zigzag(value);
  else
    out.varint(value);
}
template <Integer T>
void get(Input& input, T& value) {
  if constexpr (std::is_signed_v<T>) {
    const std::int64_t raw = input.in.zigzag();
    value = static_cast<T>(raw);
    input.damaged |= value != raw;
  } else {
    const std::uint64_t raw = input.in.varint();
    value = static_cast<T>(raw);
    input.damaged |= value != raw;
  }
}

inline void put(ByteWriter& out, const std::string& value) { out.text(value); }
inline void get(Input& input, std::string& value) { value = input.in.text(); }

inline void put(ByteWriter& out, const Uuid& value) { out.uuid(value); }
template <class Tag>
void get(Input& input, Id<Tag>& value) {
  value = Id<Tag>(input.in.uuid());
}

void put(ByteWriter& out, const Digest& value);
void get(Input& input, Digest& value);
void put(ByteWriter& out, const PayloadRef& value);
void get(Input& input, PayloadRef& value);
/// By reference if the body is stored, else inline.
void put(ByteWriter& out, const Value& value);
void get(Input& input, Value& value);
void put(ByteWriter& out, const StepPath& value);
void get(Input& input, StepPath& value);
/// The code goes by its name, so that the registry may be reordered.
void put(ByteWriter& out, const Failure& value);
void get(Input& input, Failure& value);
void put(ByteWriter& out, const Carried& value);
void get(Input& input, Carried& value);
void put(ByteWriter& out, const Group& value);
void get(Input& input, Group& value);
void put(ByteWriter& out, const Spread& value);
void get(Input& input, Spread& value);
void put(ByteWriter& out, const Usage& value);
void get(Input& input, Usage& value);
void put(ByteWriter& out, const Logs& value, TimePoint base);
void get(Input& input, Logs& value, TimePoint base);

/// Times are stored as distances from a base nearby; wrapping, so that no instant is undefined.
inline void put_time(ByteWriter& out, TimePoint time, TimePoint base) {
  out.zigzag(static_cast<std::int64_t>(static_cast<std::uint64_t>(time.us) -
                                       static_cast<std::uint64_t>(base.us)));
}
inline TimePoint get_time(Input& input, TimePoint base) {
  const auto distance = static_cast<std::uint64_t>(input.in.zigzag());
  return {static_cast<std::int64_t>(distance + static_cast<std::uint64_t>(base.us))};
}

template <class A, class B>
void put(ByteWriter& out, const std::pair<A, B>& value) {
  put(out, value.first);
  put(out, value.second);
}
template <class A, class B>
void get(Input& input, std::pair<A, B>& value) {
  get(input, value.first);
  get(input, value.second);
}

template <class List>
void put_list(ByteWriter& out, const List& list) {
  out.varint(list.size());
  for (const auto& element : list) put(out, element);
}
/// Grows with what is really there: a damaged count cannot ask for memory.
template <class List>
void get_list(Input& input, List& list) {
  const std::uint64_t count = input.in.varint();
  for (std::uint64_t i = 0; i < count && !input.failed(); ++i) {
    get(input, list.emplace_back());
  }
}
template <class T>
void put(ByteWriter& out, const std::vector<T>& list) {
  put_list(out, list);
}
template <class T>
void get(Input& input, std::vector<T>& list) {
  get_list(input, list);
}

template <class T>
bool is_default(const T& value) {
  if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>)
    return value == T{};
  else if constexpr (requires { value.present(); })
    return !value.present();
  else if constexpr (requires { value.set(); })
    return !value.set();
  else if constexpr (requires { value.empty(); } && !std::is_same_v<T, Digest>)
    return value.empty();
  else
    return value == T{};
}
inline bool is_default(const Failure& failure) {
  return failure.code == Code::kInternal && failure.message.empty();
}
inline bool is_default(const Logs& logs) {
  return logs.lines.empty() && !logs.ref.set() && logs.first == 0 && logs.count == 0 &&
         !logs.truncated;
}

/// The struct as an archive sees it: only a Decoder changes it.
template <class Archive, class T>
using Of = std::conditional_t<Archive::kReads, T, const T>;

/// First pass of encoding: one bit per optional field, in order.
struct Presence {
  static constexpr bool kReads = false;
  std::uint64_t mask = 0;
  int bit = 0;

  void mark(bool present) { mask |= static_cast<std::uint64_t>(present) << bit++; }
  template <class T>
  void required(const T&) {}
  void flag(bool value) { mark(value); }
  template <class T>
  void optional(const T& value) {
    mark(!is_default(value));
  }
  void time(TimePoint time, TimePoint) { mark(time.set()); }
  void logs(const Logs& logs, TimePoint) { mark(!is_default(logs)); }
};

/// Second pass: what the mask says is there.
struct Encoder {
  static constexpr bool kReads = false;
  ByteWriter& out;
  std::uint64_t mask = 0;

  bool next() {
    const bool present = (mask & 1) != 0;
    mask >>= 1;
    return present;
  }
  template <class T>
  void required(const T& value) {
    put(out, value);
  }
  void flag(bool) { next(); }
  template <class T>
  void optional(const T& value) {
    if (next()) put(out, value);
  }
  void time(TimePoint time, TimePoint base) {
    if (next()) put_time(out, time, base);
  }
  void logs(const Logs& logs, TimePoint base) {
    if (next()) put(out, logs, base);
  }
};

struct Decoder {
  static constexpr bool kReads = true;
  Input& input;
  std::uint64_t mask = 0;

  bool next() {
    const bool present = (mask & 1) != 0;
    mask >>= 1;
    return present;
  }
  template <class T>
  void required(T& value) {
    get(input, value);
  }
  void flag(bool& value) { value = next(); }
  template <class T>
  void optional(T& value) {
    if (next()) get(input, value);
  }
  void time(TimePoint& time, TimePoint base) {
    if (next()) time = get_time(input, base);
  }
  void logs(Logs& logs, TimePoint base) {
    if (next()) get(input, logs, base);
  }
};

/// `list` is called as list(archive, value).
template <class T, class List>
void put_fields(ByteWriter& out, const T& value, const List& list) {
  Presence presence;
  list(presence, value);
  out.varint(presence.mask);
  Encoder encoder{out, presence.mask};
  list(encoder, value);
}
template <class T, class List>
void get_fields(Input& input, T& value, const List& list) {
  Decoder decoder{input, input.in.varint()};
  list(decoder, value);
  // Bits beyond the last field: a field that this version cannot know, under a version it does.
  if (decoder.mask != 0) input.damaged = true;
}

}  // namespace troupe::run::codec
