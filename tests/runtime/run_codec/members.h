#pragma once

#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/base/random.h"
#include "runtime/run/archive.h"
#include "runtime/run/record.h"

// Every field of every record, so that tests can fill and compare them without the codec. A new
// field does not compile here before it is listed, and then the round trip fails until the codec
// has it.

namespace troupe::run {

#define TROUPE_MEMBERS(Type, ...)    \
  inline auto members(Type& value) { \
    auto& [__VA_ARGS__] = value;     \
    return std::tie(__VA_ARGS__);    \
  }
TROUPE_MEMBERS(Failure, a, b)
TROUPE_MEMBERS(LogEntry, a, b)
TROUPE_MEMBERS(Logs, a, b, c, d, e)
TROUPE_MEMBERS(Attempt, a, b, c, d, e, f, g, h)
TROUPE_MEMBERS(Parent, a, b)
TROUPE_MEMBERS(Carried, a, b, c, d, e, f, g, h)
TROUPE_MEMBERS(Group, a, b, c, d, e, f, g)
TROUPE_MEMBERS(Spread, a, b, c)
TROUPE_MEMBERS(Usage, a, b, c, d, e, f)
TROUPE_MEMBERS(record::RunCreated, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q)
TROUPE_MEMBERS(record::RunStarted, a)
TROUPE_MEMBERS(record::StepStarted, a)
TROUPE_MEMBERS(record::StepWaiting, a, b, c, d, e, f, g, h)
TROUPE_MEMBERS(record::AttemptFailed, a, b, c, d, e, f)
TROUPE_MEMBERS(record::StepFinished, a, b, c, d, e, f, g, h, i, j, k, l, m, n)
TROUPE_MEMBERS(record::StepsSkipped, a, b, c, d)
TROUPE_MEMBERS(record::LoopStarted, a, b, c, d)
TROUPE_MEMBERS(record::ItemFinished, a, b, c, d, e)
TROUPE_MEMBERS(record::ChunkSealed, a, b, c)
TROUPE_MEMBERS(record::IterationFinished, a, b, c, d)
TROUPE_MEMBERS(record::RunPaused, a, b)
TROUPE_MEMBERS(record::RunResumed, a, b)
TROUPE_MEMBERS(record::RunDraining, a, b)
TROUPE_MEMBERS(record::EventStored, a, b, c, d, e)
TROUPE_MEMBERS(record::ChildAcknowledged, a)
TROUPE_MEMBERS(record::RunFinished, a, b, c, d, e, f)
TROUPE_MEMBERS(record::GroupFinished, a, b, c, d, e, f, g, h, i)
TROUPE_MEMBERS(record::ParentHeard, a)
#undef TROUPE_MEMBERS

template <class T>
concept Listed = requires(T& value) {
  members(value);
};

inline bool same(const Value& a, const Value& b) {
  return a.text.view() == b.text.view() && a.ref == b.ref;
}
template <class T>
bool same(const T& a, const T& b);
template <class A, class B>
bool same(const std::pair<A, B>& a, const std::pair<A, B>& b) {
  return same(a.first, b.first) && same(a.second, b.second);
}
template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!same(a[i], b[i])) return false;
  }
  return true;
}
template <class T>
bool same(const T& a, const T& b) {
  if constexpr (Listed<T>) {
    const auto left = members(const_cast<T&>(a));
    const auto right = members(const_cast<T&>(b));
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return (same(std::get<I>(left), std::get<I>(right)) && ...);
    }
    (std::make_index_sequence<std::tuple_size_v<decltype(left)>>());
  } else {
    return a == b;
  }
}

inline bool same(const Record& a, const Record& b) {
  if (a.index() != b.index()) return false;
  return std::visit(
      [&](const auto& left) { return same(left, std::get<std::decay_t<decltype(left)>>(b)); }, a);
}

/// Fills anything with random content, leaving about a third of the fields at their default.
class Filler {
 public:
  explicit Filler(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }

  Record record(std::size_t type) {
    Record made;
    make(type, made, std::make_index_sequence<std::variant_size_v<Record>>());
    return made;
  }

  template <class T>
  void fill(T& value) {
    if constexpr (std::is_same_v<T, Group> || std::is_same_v<T, Spread>)
      fill_whole(value);
    else if constexpr (Listed<T>)
      std::apply([&](auto&... field) { (fill(field), ...); }, members(value));
    else if constexpr (std::is_same_v<T, bool>)
      value = random_.below(2) == 1;
    else if constexpr (std::is_enum_v<T>)
      fill_enum(value);
    else if constexpr (std::is_integral_v<T>)
      value = static_cast<T>(bits());
    else if constexpr (std::is_base_of_v<Uuid, T>)
      fill_uuid(value);
    else
      fill_other(value);
  }

 private:
  template <std::size_t... I>
  void make(std::size_t type, Record& made, std::index_sequence<I...>) {
    ((type == I ? fill(made.emplace<I>()) : void()), ...);
  }
  bool leave() { return random_.below(3) == 0; }
  std::uint64_t bits() { return leave() ? 0 : random_.next() >> random_.below(64); }

  // All or nothing of these is there.
  void fill_whole(Group& group) {
    if (leave()) return;
    fill(group.step);
    fill(group.number);
    group.count = 1 + random_.below(UINT32_MAX);
    group.first = random_.below(group.count);
    group.end = group.first + 1 + random_.below(group.count - group.first);
    group.parallel = static_cast<std::uint32_t>(1 + random_.below(1000));
    fill(group.items);
  }
  void fill_whole(Spread& spread) {
    if (leave()) return;
    spread.group_items = static_cast<std::uint32_t>(1 + random_.below(1024));
    spread.at_once = static_cast<std::uint32_t>(1 + random_.below(16));
    spread.parallel = static_cast<std::uint32_t>(1 + random_.below(64));
  }
  template <class T>
  void fill_enum(T& value) {
    if constexpr (std::is_same_v<T, Code>)
      value = static_cast<Code>(random_.below(60));
    else
      value = static_cast<T>(random_.below(static_cast<std::uint64_t>(codec::last(T{})) + 1));
  }
  template <class T>
  void fill_uuid(T& id) {
    if (!leave()) id = T(Uuid{random_.next(), random_.next()});
  }
  void fill_other(TimePoint& time) { time.us = static_cast<std::int64_t>(bits()); }
  void fill_other(std::string& text) {
    if (leave()) return;
    text.resize(1 + random_.below(200));
    for (char& c : text) c = static_cast<char>(random_.next());
  }
  void fill_other(Digest& hash) { hash = Uuid{random_.next(), bits()}.bytes(); }
  void fill_other(PayloadRef& ref) {
    if (leave()) return;
    fill(ref.hash);
    ref.bytes = 1 + (random_.next() >> 20);
  }
  void fill_other(Value& value) {
    fill(value.ref);
    if (value.ref.set() || leave()) return;
    value.text = json::Text::trusted(std::string(1 + random_.below(300), '7'));
  }
  void fill_other(StepPath& path) {
    path = StepPath(static_cast<std::uint32_t>(bits()));
    for (std::uint64_t i = random_.below(4); i > 0; --i) {
      path = path.inner(static_cast<std::uint32_t>(bits()), static_cast<std::uint32_t>(bits()));
    }
  }
  template <class A, class B>
  void fill_other(std::pair<A, B>& pair) {
    fill(pair.first);
    fill(pair.second);
  }
  template <class T>
  void fill_other(std::vector<T>& list) {
    list.resize(random_.below(4));
    for (T& element : list) fill(element);
  }

  Random random_;
};

}  // namespace troupe::run
