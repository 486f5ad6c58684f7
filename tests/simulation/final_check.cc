#include "tests/simulation/final_check.h"

#include "runtime/journal/frame.h"
#include "runtime/json/read.h"
#include "runtime/run/decide.h"
#include "runtime/run/view.h"
#include "tests/simulation/model.h"

namespace troupe::simulation {
namespace {

class FinalCheck {
 public:
  FinalCheck(World& world, const Client& client, const Drive& drive)
      : world_(world), client_(client), drive_(drive), reader_(world.disk.open_reader()) {}

  void check() {
    starts();
    for (const auto& [id, run] : world_.watch.runs()) {
      if (!world_.violation.empty()) return;
      if (run.parent.set()) child(id, run);
      row(id, run);
      if (run.group) {
        group(id, run);
      } else {
        pauses(id, run);
        outcome(id, run);
        executed(id, run);
      }
    }
    if (world_.violation.empty()) feeds();
    if (world_.violation.empty()) published();
  }

 private:
  void complain(RunId id, const std::string& what) {
    world_.complain("run " + id.to_string() + ": " + what);
  }

  /// I1 accepted runs are there, I2 no other is, I3 none twice.
  void starts() {
    std::map<std::int64_t, int> roots;
    for (const auto& [id, run] : world_.watch.runs()) {
      if (!run.parent.set() && !run.retried_from.set()) ++roots[run.n];
    }
    for (const Start& start : client_.starts()) {
      if (start.retried) continue;
      const int found = roots.count(start.n) > 0 ? roots.at(start.n) : 0;
      const std::string name = "start " + std::to_string(start.n);
      if (found > 1) world_.complain("I3: " + name + " made " + std::to_string(found) + " runs");
      if (start.accepted && found == 0)
        world_.complain("I1: " + name + " was accepted and is lost");
      if (start.refused && found > 0)
        world_.complain("I2: " + name + " was refused and made a run");
      roots.erase(start.n);
    }
    if (!roots.empty()) world_.complain("I2: there is a run that nobody started");
  }

  void child(RunId id, const JournalWatch::Run& run) {
    if (world_.watch.find(run.parent.run) == nullptr) complain(id, "I2: its parent does not exist");
  }

  /// What a group did shows in its parent's results; but it may not go on without it, and its
  /// parent counts none that it has not seen.
  void group(RunId id, const JournalWatch::Run& run) {
    if (!run.ended || !run.acknowledged) complain(id, "a group was left behind");
  }

  int program_of(const JournalWatch::Run& run) const {
    for (std::size_t i = 0; i < world_.workflows.size(); ++i) {
      if (world_.workflows[i] == run.workflow) return static_cast<int>(i);
    }
    return -1;
  }

  /// I11: the row, and what a fold of the journal says.
  void row(RunId id, const JournalWatch::Run& run) {
    const auto row = reader_->run_unscoped(id);
    if (!row || !*row) return complain(id, "I11: it has no row");
    if ((*row)->status != run.status) return complain(id, "I11: its row shows another status");
    const auto snapshot = reader_->snapshot(id);
    if (!snapshot || *snapshot) complain(id, "I8: it has ended and still has a snapshot");
    const int program = program_of(run);
    if (program < 0) return complain(id, "I2: of an unknown workflow");
    auto version = reader_->version(run.workflow, (*row)->version);
    const AnySyntax syntax;
    const NoPatterns patterns;
    const auto parsed =
        graph::parse(json::Text::trusted((*version)->graph), {syntax, patterns});
    run::State state = run::new_state(id, parsed.graph);
    const Status folded = journal::for_each_frame(
        *reader_, id, run.head, 0,
        [&state](const store::Frame&, const journal::FrameView& view) -> Status {
          auto records = run::decode_all(view.records, view.header.record_count);
          if (!records) return records.error();
          for (const run::Record& record : *records) {
            if (Status fits = run::fold(state, record); !fits) return fits;
          }
          return ok();
        });
    if (!folded)
      return complain(id, "I11: its journal cannot be folded: " + folded.error().message);
    const store::RunRow expected = run::row_of(state);
    const store::RunRow& stored = **row;
    if (expected.status != stored.status || expected.output != stored.output ||
        expected.error != stored.error || expected.finished != stored.finished ||
        expected.steps_done != stored.steps_done || state.seq != run.seq) {
      complain(id, "I11: its row differs from the fold of its journal");
    }
  }

  bool may_be_stopped(RunId id, const JournalWatch::Run& run) const {
    if (run.parent.set()) {
      // A parent that fails or is stopped takes its children with it.
      const JournalWatch::Run* parent = world_.watch.find(run.parent.run);
      return parent != nullptr && parent->status != store::RunStatus::kCompleted;
    }
    const auto found = client_.accepted().find(id);
    return found != client_.accepted().end() && client_.starts()[found->second].may_be_stopped;
  }

  /// A pause that comes to pass twice holds a run that was let go on meanwhile.
  void pauses(RunId id, const JournalWatch::Run& run) {
    const auto found = client_.accepted().find(id);
    if (found == client_.accepted().end()) return;
    const int asked = client_.starts()[found->second].pauses;
    if (run.pauses <= asked) return;
    complain(id, "it was paused " + std::to_string(run.pauses) + " times, and asked to " +
                     std::to_string(asked));
  }

  /// The end is the one that the model tells.
  void outcome(RunId id, const JournalWatch::Run& run) {
    const Expected expected = expected_of(world_.programs, program_of(run), run.n,
                                          doubts_of(world_.watch, id));
    const auto found = client_.accepted().find(id);
    if (found != client_.accepted().end() && client_.starts()[found->second].is_stopped) {
      if (run.status != store::RunStatus::kStopped) {
        complain(id, "a stop was forgotten: it is " + std::string(store::name(run.status)));
      }
      return;
    }
    if (run.status == store::RunStatus::kStopped) {
      if (!may_be_stopped(id, run)) complain(id, "it is stopped and nobody asked");
      return;
    }
    if (!expected.completed) {
      if (run.status != store::RunStatus::kFailed) return complain(id, "it should have failed");
      if (expected.failing.count(run.failed_step) == 0) {
        complain(id, "it failed at " + run.failed_step);
      }
      return;
    }
    if (run.status != store::RunStatus::kCompleted) {
      return complain(id, "it should have completed and failed at " + run.failed_step);
    }
    const auto row = reader_->run_unscoped(id);
    if (!json::equal((*row)->output, expected.output)) {
      complain(id, "I4: its output is " + (*row)->output + " and should be " + expected.output);
    }
  }

  /// I5: what is recorded as completed was executed, also where a person vouched for it; and what
  /// may happen once did not happen twice.
  void executed(RunId id, const JournalWatch::Run& run) {
    const Program& program = world_.programs[static_cast<std::size_t>(program_of(run))];
    for (const run::StepPath& path : run.completed) {
      if (!path.top_level()) continue;
      const Kind kind = program.nodes[path.step()].kind;
      if (kind != Kind::kSum && kind != Kind::kFlaky && kind != Kind::kHang) continue;
      const std::string step = step_id(static_cast<int>(path.step()));
      if (world_.books.executions.count(id.to_string() + "/" + step + "//") == 0) {
        complain(id, "I5: " + step + " has a result and was never executed");
      }
    }
    for (std::size_t i = 0; i < program.nodes.size(); ++i) {
      if (program.nodes[i].effect < kOnceOrAsk) continue;
      const std::string key = id.to_string() + "/" + step_id(static_cast<int>(i)) + "//";
      const auto found = world_.books.executions.find(key);
      if (found == world_.books.executions.end()) continue;
      const auto gone = world_.books.by_gone.find(key);
      const int by_gone = gone == world_.books.by_gone.end() ? 0 : gone->second;
      if (found->second - by_gone > 1) {
        complain(id, "an effect that may happen once happened again: " + key);
      }
    }
  }

  /// From any node; one that has lost touch a moment ago says so, and another one is asked.
  std::map<std::uint64_t, std::string> events_of(RunId id) {
    constexpr int kTries = 20;
    std::optional<Result<json::Text>> answer;
    for (int tries = 0; tries < kTries; ++tries) {
      answer.reset();
      SimNode* const node = world_.any_node();
      if (node == nullptr) break;
      node->engine().events(world_.scope(), id, 0, 100'000,
                            [&answer](Result<json::Text> page) { answer = std::move(page); });
      // A run whose actor crashed over its end is brought back with a delay before it answers.
      if (!drive_([&answer] { return answer.has_value(); })) break;
      if (*answer || !world_.cluster || !info(answer->error().code).transient) break;
      const TimePoint later = world_.clock.peek() + milliseconds(100);
      if (!drive_([this, later] { return world_.clock.peek() >= later; })) break;
    }
    std::map<std::uint64_t, std::string> events;
    if (!answer) {
      complain(id, "a call for its events was never answered");
    } else if (!*answer) {
      complain(id, "its events cannot be read: " + answer->error().message);
    } else {
      const auto items = json::member((*answer)->view(), "items");
      json::for_each_element(*items, [&](std::string_view event) {
        const auto seq = json::member(event, "seq");
        events[static_cast<std::uint64_t>(json::as_int(*seq).value_or(0))] = std::string(event);
        return true;
      });
    }
    return events;
  }

  std::string unpublished() const {
    for (const auto& [id, run] : world_.watch.runs()) {
      if (run.group) continue;  // its events are nobody's business
      for (std::uint64_t seq = 1; seq <= run.seq; ++seq) {
        if (world_.published.events.count({id, seq}) == 0) {
          return id.to_string() + "/" + std::to_string(seq);
        }
      }
    }
    return {};
  }

  /// Every event has left some node, and each time it was the same.
  void published() {
    if (!drive_([this] { return unpublished().empty(); })) {
      world_.complain("an event was never published: " + unpublished());
    }
    if (!world_.published.contradiction.empty()) {
      world_.complain("an event was published in two ways: " + world_.published.contradiction);
    }
    for (const auto& [key, event] : world_.published.events) {
      const JournalWatch::Run* const run = world_.watch.find(key.first);
      if (run == nullptr || key.second > run->seq) {
        world_.complain("an event was published that is not in the journal: " + event);
      }
    }
  }

  /// I10: what followers saw, and what is there to be read now, is the same.
  void feeds() {
    std::map<std::string, std::map<std::uint64_t, std::string>> by_run;
    for (const auto& [id, run] : world_.watch.runs()) {
      auto events = events_of(id);
      if (events.size() != run.seq) {
        return complain(id, "I10: it has " + std::to_string(events.size()) + " events of " +
                                std::to_string(run.seq));
      }
      by_run[id.to_string()] = std::move(events);
    }
    for (const auto& follower : client_.followers()) {
      if (follower->seen != by_run[follower->run.to_string()]) {
        complain(follower->run, "I10: a feed saw other events than there are");
      }
    }
    for (const auto& [key, event] : client_.scope_events()) {
      const auto& events = by_run[key.first];
      const auto found = events.find(key.second);
      if (found == events.end() || found->second != event) {
        world_.complain("I10: the scope's feed saw an event that is not there: " + event);
      }
    }
  }

  World& world_;
  const Client& client_;
  const Drive& drive_;
  std::unique_ptr<store::Reader> reader_;
};

}  // namespace

void check_at_end(World& world, const Client& client, const Drive& drive) {
  FinalCheck(world, client, drive).check();
}

}  // namespace troupe::simulation
