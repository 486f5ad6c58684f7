#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/json/read.h"
#include "runtime/run/decide.h"
#include "runtime/run/view.h"

namespace troupe::testing {

/// Stands in for BLAKE2b: spreads well enough for tests, and is the same everywhere.
class SmallHasher final : public Hasher {
 public:
  Digest hash(std::string_view bytes) const override {
    std::uint64_t a = 0xCBF29CE484222325ull, b = 0x9E3779B97F4A7C15ull ^ bytes.size();
    for (const char c : bytes) {
      a = (a ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
      b = (b ^ (a >> 29)) * 0xD6E8FEB86659FD93ull;
    }
    Digest digest{};
    for (int i = 0; i < 8; ++i) {
      digest[i] = static_cast<std::uint8_t>(a >> (8 * i));
      digest[8 + i] = static_cast<std::uint8_t>(b >> (8 * i));
    }
    return digest;
  }
};

/// What a stand-in for a script does.
struct Outcome {
  std::string result = "{}";  ///< JSON, unless `failure` is set
  std::optional<run::Failure> failure;
  std::vector<std::string> printed;
  bool hangs = false;  ///< stays in flight until the test reports or cancels it
};
using Work = std::function<Outcome(const run::command::StartAttempt&)>;

/// Drives one run without actors, threads or clock: every command is performed at once and in
/// order, time passes only when nothing else can happen. Keeps what was decided, frame by frame,
/// and can begin again from any of them, as a node does after a crash.
class RunDriver {
 public:
  using Frames = std::vector<std::vector<std::string>>;  ///< encoded records of each decision

  RunDriver(std::shared_ptr<const graph::Graph> graph, Work work)
      : state(run::new_state(kRun, std::move(graph))), work_(std::move(work)) {}

  /// A state folded from stored records, with the bodies that were stored beside them.
  static RunDriver recovered(std::shared_ptr<const graph::Graph> graph, Work work,
                             const Frames& frames, const std::map<Digest, json::Text>& payloads) {
    RunDriver driver(std::move(graph), std::move(work));
    driver.payloads = payloads;
    driver.frames = frames;
    for (const auto& frame : frames) {
      for (const std::string& bytes : frame) {
        std::string_view left = bytes;
        Result<run::Record> record = run::decode(&left);
        TROUPE_ENSURE(record.ok() && left.empty());
        const Status folded = run::fold(driver.state, *record);
        TROUPE_ENSURE(folded.ok());
      }
    }
    driver.bring_back();
    return driver;
  }

  void bring_back() {
    for (run::Value* value : run::absent_values(state)) value->text = payloads.at(value->ref.hash);
  }

  /// A snapshot and a reload of it.
  void reload() {
    auto graph = state.graph;
    Result<run::State> decoded = run::decode_snapshot(run::encode_snapshot(state));
    TROUPE_ENSURE(decoded.ok());
    state = *std::move(decoded);
    run::attach(state, std::move(graph));
    bring_back();
    in_flight.clear();
    in_line.clear();
  }

  Status start(std::string input = "{}") {
    run::event::Created created;
    created.spec.at = now;
    created.spec.input.text = json::Text::trusted(std::move(input));
    return start(std::move(created));
  }
  Status start(run::event::Created created) {
    if (!created.spec.at.set()) created.spec.at = now;
    return send(std::move(created));
  }

  Status send(const run::Event& event) {
    Random jitter(seed++);
    const run::Context context{now, jitter, hasher, limits, nodes};
    Result<run::Decision> decided = run::decide(state, event, context);
    if (!decided.ok()) return decided.error();
    last = *std::move(decided);
    std::vector<std::string> frame;
    for (const run::Record& record : last.records) {
      if (keep_records) records.push_back(record);
      if (keep_frames) run::encode(record, frame.emplace_back());
      records_total += 1;
    }
    if (!frame.empty()) frames.push_back(std::move(frame));
    for (const run::PayloadBody& body : last.payloads) payloads[body.hash] = body.text;
    for (run::Command& command : last.commands) {
      std::visit([this](auto& c) { perform(c); }, command);
    }
    return grants ? grant_all() : ok();
  }

  /// Lets what waits in line announce itself and begin.
  Status grant_all() {
    while (!in_line.empty()) {
      announced_.push_back(std::move(in_line.front()));
      in_line.pop_front();
      const run::event::AttemptGranted granted{announced_.back().path, announced_.back().attempt};
      if (Status sent = send(granted); !sent) return sent;
    }
    return ok();
  }

  /// Runs attempts until none is left that ends by itself.
  void drive() {
    while (step()) {
    }
  }
  bool step() {
    if (loads_.empty() && in_flight.empty()) return false;
    if (!loads_.empty()) {
      const run::Event loaded = loads_.front();
      loads_.pop_front();
      return send(loaded).ok();
    }
    for (std::size_t i = 0; i < in_flight.size(); ++i) {
      const run::command::StartAttempt attempt = in_flight[i];
      Outcome outcome = work_(attempt);
      if (outcome.hangs) continue;
      in_flight.erase(in_flight.begin() + static_cast<std::ptrdiff_t>(i));
      return report(attempt, outcome).ok();
    }
    return false;
  }
  Status report(const run::command::StartAttempt& attempt, const Outcome& outcome) {
    run::event::AttemptFinished finished;
    finished.path = attempt.path;
    finished.attempt = attempt.attempt;
    finished.loop_test = attempt.loop_test;
    finished.ok = !outcome.failure;
    if (outcome.failure) finished.failure = *outcome.failure;
    else finished.result = json::Text::trusted(outcome.result);
    for (const std::string& line : outcome.printed) finished.logs.push_back({now, line});
    finished.started = now;
    finished.finished = now;
    return send(finished);
  }
  /// Drives, and lets time pass to the next timer whenever nothing else can happen.
  void drive_through_time() {
    for (drive(); !ended(); drive()) {
      const TimePoint wake = run::next_wake(state);
      if (!wake.set()) return;
      if (wake > now) now = wake;
      if (!send(run::event::TimerDue{}).ok()) return;
    }
  }

  bool ended() const { return store::ended(state.status); }
  const run::StepState& step(std::string_view id) const {
    return state.root.steps[state.graph->find(id).value()];
  }
  std::string result(std::string_view id) const { return std::string(step(id).result.text.view()); }
  std::string output() const { return std::string(state.output.text.view()); }
  /// "run_created run_started step_scheduled a …": types and step ids of all events, in order.
  std::string events() const {
    std::vector<LiveEvent> events;
    std::uint64_t seq = 1;
    const run::PayloadSource source = [this](const run::PayloadRef& ref) -> Result<json::Text> {
      return payloads.at(ref.hash);
    };
    for (const run::Record& record : records) {
      TROUPE_ENSURE(run::expand(*state.graph, state.id, record, &seq, source, events).ok());
    }
    std::string out;
    for (const LiveEvent& event : events) {
      const auto field = [&](std::string_view name) {
        const auto value = json::member(event.json, name);
        return value ? json::decode_string(*value) : std::string();
      };
      out += (out.empty() ? "" : " ") + field("event_type");
      if (!field("step_id").empty()) out += ":" + field("step_id");
    }
    return out;
  }

  static inline const RunId kRun{*Uuid::parse("01890a5d-ac96-774b-bcce-b302099a8057")};

  run::State state;
  run::Limits limits;
  int nodes = 1;
  TimePoint now{1'795'316'400'000'000};
  std::uint64_t seed = 1;
  bool keep_records = true;
  bool keep_frames = true;
  bool grants = true;  ///< what asks for a grant has it at once

  run::Decision last;
  std::vector<run::Record> records;
  std::uint64_t records_total = 0;
  Frames frames;
  std::map<Digest, json::Text> payloads;
  std::deque<run::command::StartAttempt> in_flight;
  std::deque<run::command::StartAttempt> in_line;  ///< to be announced before they begin
  std::vector<run::command::StartChild> children;
  std::vector<run::command::StopChild> stopped_children;
  std::vector<run::command::NotifyParent> told_parent;
  std::deque<run::command::TellGroup> told_groups;
  std::vector<run::command::CancelAttempt> cancelled;
  std::vector<run::command::Progress> progress;
  std::size_t in_flight_most = 0;
  SmallHasher hasher;

 private:
  void perform(run::command::StartAttempt& c) {
    if (c.announce) return in_line.push_back(std::move(c));
    in_flight.push_back(std::move(c));
    in_flight_most = std::max(in_flight_most, in_flight.size());
  }
  void perform(run::command::LaunchAttempt& c) {
    for (run::command::StartAttempt& attempt : announced_) {
      if (attempt.path != c.path || attempt.attempt != c.attempt) continue;
      in_flight.push_back(std::move(attempt));
      in_flight_most = std::max(in_flight_most, in_flight.size());
    }
    announced_.clear();
  }
  void perform(run::command::CancelAttempt& c) {
    cancelled.push_back(c);
    const auto meant = [&](const run::command::StartAttempt& attempt) {
      return attempt.path == c.path && attempt.attempt == c.attempt &&
             attempt.loop_test == c.loop_test;
    };
    std::erase_if(in_flight, meant);
    std::erase_if(in_line, meant);
    std::erase_if(announced_, meant);
  }
  void perform(run::command::StartChild& c) { children.push_back(std::move(c)); }
  void perform(run::command::StopChild& c) { stopped_children.push_back(c); }
  void perform(run::command::NotifyParent& c) { told_parent.push_back(std::move(c)); }
  void perform(run::command::TellGroup& c) { told_groups.push_back(std::move(c)); }
  void perform(run::command::Progress& c) {
    if (keep_records) progress.push_back(c);
  }
  void perform(run::command::LoadResults& c) {
    std::vector<json::Text> chunks;
    for (const run::PayloadRef& ref : c.chunks) chunks.push_back(payloads.at(ref.hash));
    const auto& loop = std::get<graph::ForEach>(state.graph->steps[c.step].work);
    Result<json::Text> joined = run::join_results(state.root.steps[c.step], loop.parallel_max,
                                                  chunks, limits.loop_result_bytes_max);
    run::event::ResultsLoaded loaded;
    loaded.step = c.step;
    loaded.ok = joined.ok();
    if (joined.ok()) loaded.result = *joined;
    else loaded.failure = {joined.error().code, joined.error().message};
    loads_.push_back(loaded);
  }

  Work work_;
  std::deque<run::Event> loads_;
  std::deque<run::command::StartAttempt> announced_;
};

}  // namespace troupe::testing
