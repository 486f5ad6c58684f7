#include "runtime/cluster/wire_event.h"

#include "runtime/cluster/wire.h"
#include "runtime/run/archive.h"

namespace troupe::cluster::wire {
namespace {

enum class Kind : std::uint8_t {
  kPause, kResume, kStop, kAnswer, kEvent, kChildAsks, kGroupEnded, kGroupProgress, kWishes,
};

void put_flag(ByteWriter& out, bool flag) { out.byte(flag ? 1 : 0); }

json::Text get_json(ByteReader& in) { return json::Text::trusted(std::string(in.text())); }

// What runs tell each other is written as their records are.
constexpr auto kChildAsks = [](auto& a, auto& e) {
  a.required(e.path);
  a.required(e.child);
};
constexpr auto kGroupEnded = [](auto& a, auto& e) {
  a.required(e.path);
  a.required(e.group);
  a.required(e.status);
  a.optional(e.number);
  a.optional(e.ref);
  a.optional(e.done);
  a.optional(e.failed);
  a.optional(e.failure);
  a.optional(e.log_lines);
  a.optional(e.usage);
};
constexpr auto kGroupProgress = [](auto& a, auto& e) {
  a.required(e.path);
  a.required(e.group);
  a.optional(e.number);
  a.optional(e.done);
  a.optional(e.failed);
};

template <class Event, class Fields>
void put_as(ByteWriter& out, const Event& event, const Fields& fields) {
  ByteWriter inner;
  run::codec::put_fields(inner, event, fields);
  out.text(inner.take());
}
template <class Event, class Fields>
std::optional<run::Event> get_as(ByteReader& in, const Fields& fields) {
  run::codec::Input input(in.text());
  Event event;
  run::codec::get_fields(input, event, fields);
  if (input.failed() || !input.in.at_end()) return std::nullopt;
  return event;
}

struct PutEvent {
  ByteWriter& out;
  void kind(Kind kind) const { out.byte(static_cast<std::uint8_t>(kind)); }
  void operator()(const run::event::PauseAsked&) const { kind(Kind::kPause); }
  void operator()(const run::event::ResumeAsked&) const { kind(Kind::kResume); }
  void operator()(const run::event::StopAsked& event) const {
    kind(Kind::kStop);
    put_flag(out, event.graceful);
  }
  void operator()(const run::event::TaskAnswered& event) const {
    kind(Kind::kAnswer);
    out.text(event.task);
    put_flag(out, event.approved);
    out.text(event.result.view());
    out.text(event.comment);
    out.text(event.by);
  }
  void operator()(const run::event::EventArrived& event) const {
    kind(Kind::kEvent);
    out.text(event.event);
    out.text(event.key);
    out.text(event.data.view());
    put_flag(out, event.keep);
  }
  void operator()(const run::event::ChildAsks& event) const {
    kind(Kind::kChildAsks);
    put_as(out, event, kChildAsks);
  }
  void operator()(const run::event::GroupEnded& event) const {
    kind(Kind::kGroupEnded);
    put_as(out, event, kGroupEnded);
  }
  void operator()(const run::event::GroupProgress& event) const {
    kind(Kind::kGroupProgress);
    put_as(out, event, kGroupProgress);
  }
  void operator()(const run::event::ParentWishes& event) const {
    kind(Kind::kWishes);
    out.byte(static_cast<std::uint8_t>(event.wish));
    out.varint(event.version);
  }
  template <class Other>
  void operator()(const Other&) const {
    TROUPE_ENSURE(false);  // may_travel was not asked
  }
};

std::optional<run::Event> get_wishes(ByteReader& in) {
  const std::uint8_t wish = in.byte();
  if (wish > static_cast<std::uint8_t>(run::Wish::kStop)) return std::nullopt;
  const std::uint64_t version = in.varint();
  return run::event::ParentWishes{static_cast<run::Wish>(wish), version};
}

}  // namespace

void put_event(ByteWriter& out, const run::Event& event) { std::visit(PutEvent{out}, event); }

std::optional<run::Event> get_event(ByteReader& in) {
  switch (static_cast<Kind>(in.byte())) {
    case Kind::kPause: return run::event::PauseAsked{};
    case Kind::kResume: return run::event::ResumeAsked{};
    case Kind::kStop: return run::event::StopAsked{in.byte() != 0};
    case Kind::kAnswer: {
      run::event::TaskAnswered event;
      event.task = in.text();
      event.approved = in.byte() != 0;
      event.result = get_json(in);
      event.comment = in.text();
      event.by = in.text();
      return event;
    }
    case Kind::kEvent: {
      run::event::EventArrived event;
      event.event = in.text();
      event.key = in.text();
      event.data = get_json(in);
      event.keep = in.byte() != 0;
      return event;
    }
    case Kind::kChildAsks: return get_as<run::event::ChildAsks>(in, kChildAsks);
    case Kind::kGroupEnded: return get_as<run::event::GroupEnded>(in, kGroupEnded);
    case Kind::kGroupProgress: return get_as<run::event::GroupProgress>(in, kGroupProgress);
    case Kind::kWishes: return get_wishes(in);
  }
  return std::nullopt;
}

bool may_travel(const run::Event& event) {
  return std::holds_alternative<run::event::PauseAsked>(event) ||
         std::holds_alternative<run::event::ResumeAsked>(event) ||
         std::holds_alternative<run::event::StopAsked>(event) ||
         std::holds_alternative<run::event::TaskAnswered>(event) ||
         std::holds_alternative<run::event::EventArrived>(event) ||
         std::holds_alternative<run::event::ChildAsks>(event) ||
         std::holds_alternative<run::event::GroupEnded>(event) ||
         std::holds_alternative<run::event::GroupProgress>(event) ||
         std::holds_alternative<run::event::ParentWishes>(event);
}

}  // namespace troupe::cluster::wire
