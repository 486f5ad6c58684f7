#include "tests/simulation/client.h"

#include "runtime/json/read.h"

namespace troupe::simulation {
namespace {

constexpr Duration kPatience = seconds(120);

std::string input_of(std::int64_t n) { return "{\"n\":" + std::to_string(n) + "}"; }

}  // namespace

template <class T>
Callback<T> Client::call(std::string what, std::function<void(Result<T>)> answered,
                         std::function<void()> lost) {
  const std::uint64_t id = next_call_++;
  world_.note("call " + std::to_string(id) + " " + what);
  calls_[id] = {std::move(what), lost};
  world_.later(kPatience, [this, id] { overdue(id); });
  return [this, id, answered = std::move(answered), lost = std::move(lost)](Result<T> result) {
    if (world_.store.dead) return;  // the process died before this left it
    if (answered_.count(id) > 0) {
      return world_.complain("call " + std::to_string(id) + " was answered twice");
    }
    if (calls_.erase(id) == 0) return;
    answered_.insert(id);
    world_.note("answer " + std::to_string(id) + " " +
                (result ? "ok" : std::string(info(result.error().code).name)));
    // Its actor crashed over the question, or was refused with it: nobody knows what came of it.
    if (!result && result.error().code == Code::kOutcomeUnknown) return lost();
    answered(std::move(result));
  };
}

void Client::overdue(std::uint64_t id) {
  auto node = calls_.extract(id);
  if (node.empty()) return;
  world_.complain("call " + std::to_string(id) + " was never answered: " + node.mapped().what);
}

bool Client::transient(Code code) const {
  return code == Code::kStorageFull || code == Code::kUnavailable || code == Code::kOverloaded;
}

// ---- starts -------------------------------------------------------------------------------------

void Client::begin() {
  const std::uint64_t starts = 2 + world_.random.below(7);
  for (std::uint64_t i = 0; i < starts; ++i) {
    const int program = static_cast<int>(world_.random.below(world_.programs.size()));
    plan_start(program, world_.chance(50), world_.up_to(milliseconds(800)));
  }
  if (world_.chance(30)) {
    std::vector<std::size_t> group;
    const int program = static_cast<int>(world_.random.below(world_.programs.size()));
    for (int i = 0; i < 3; ++i) {
      Start start;
      start.program = program;
      start.n = next_n_++;
      group.push_back(starts_.size());
      starts_.push_back(start);
    }
    to_send_ += group.size();
    world_.later(world_.up_to(milliseconds(500)), [this, group] { send_batch(group); });
  }
  world_.later(milliseconds(100), [this] { poll(); });
}

void Client::plan_start(int program, bool keyed, Duration delay) {
  Start start;
  start.program = program;
  start.n = next_n_++;
  if (keyed) start.key = "key" + std::to_string(start.n);
  const std::size_t at = starts_.size();
  starts_.push_back(start);
  ++to_send_;
  world_.later(delay, [this, at] { send_start(at); });
}

StartRequest Client::request_of(const Start& start) const {
  StartRequest request;
  request.workspace = world_.workspace;
  request.project = world_.project;
  request.workflow = world_.workflows[static_cast<std::size_t>(start.program)];
  request.input = json::Text::trusted(input_of(start.n));
  request.input_given = true;
  request.idempotency_key = start.key;
  request.request[0] = static_cast<std::uint8_t>(start.n);
  request.request[1] = 1;
  return request;
}

void Client::send_start(std::size_t at) {
  if (world_.engine == nullptr)
    return world_.later(milliseconds(5), [this, at] { send_start(at); });
  const Start& start = starts_[at];
  world_.engine->start(
      request_of(start),
      call<Started>(
          "start " + std::to_string(start.n),
          [this, at](Result<Started> answer) { started(at, answer); },
          [this, at] {
            if (starts_[at].key.empty()) {
              starts_[at].unknown = true;
              --to_send_;
            } else {
              world_.later(world_.up_to(milliseconds(300)), [this, at] { send_start(at); });
            }
          }));
}

void Client::started(std::size_t at, const Result<Started>& answer) {
  if (answer) return accepted(at, answer->run);
  if (!transient(answer.error().code)) {
    return world_.complain("start was refused: " + answer.error().message);
  }
  if (starts_[at].key.empty()) return refused(at);
  world_.later(milliseconds(50) , [this, at] { send_start(at); });
}

void Client::refused(std::size_t at) {
  starts_[at].refused = true;
  --to_send_;
  plan_start(starts_[at].program, false, world_.up_to(milliseconds(500)));
}

void Client::accepted(std::size_t at, RunId run) {
  Start& start = starts_[at];
  const JournalWatch::Run* durable = world_.watch.find(run);
  if (durable == nullptr) {
    return world_.complain("run " + run.to_string() + " was acknowledged before it was durable");
  }
  if (durable->n != start.n) return world_.complain("I3: a start was answered with another's run");
  if (start.accepted) {
    if (start.run != run) world_.complain("I3: one key, two runs: " + start.key);
    return;
  }
  start.accepted = true;
  start.run = run;
  by_run_[run] = at;
  --to_send_;
  plan_for(at);
}

void Client::send_batch(std::vector<std::size_t> group) {
  if (world_.engine == nullptr) {
    return world_.later(milliseconds(5), [this, group] { send_batch(group); });
  }
  std::vector<BatchItem> items;
  for (const std::size_t at : group) {
    items.push_back({json::Text::trusted(input_of(starts_[at].n)), ""});
  }
  StartRequest common = request_of(starts_[group.front()]);
  world_.engine->start_batch(
      common, std::move(items),
      call<std::vector<RunId>>(
          "batch",
          [this, group](Result<std::vector<RunId>> runs) {
            if (!runs && !transient(runs.error().code)) {
              return world_.complain("a batch was refused: " + runs.error().message);
            }
            for (std::size_t i = 0; i < group.size(); ++i) {
              if (runs) accepted(group[i], (*runs)[i]);
              else refused(group[i]);
            }
          },
          [this, group] {
            for (const std::size_t at : group) starts_[at].unknown = true;
            to_send_ -= group.size();
          }));
}

void Client::plan_for(std::size_t at) {
  const Start start = starts_[at];
  const auto soon = [this] { return world_.up_to(milliseconds(world_.chance(50) ? 50 : 4000)); };
  if (world_.chance(45)) follow(start.run);
  if (!start.key.empty() && world_.chance(40)) {
    ++to_send_;
    world_.later(soon(), [this, at] {
      --to_send_;
      send_start(at);
    });
  }
  if (!start.key.empty() && world_.chance(15)) {
    world_.later(soon(), [this, at] { conflicting_key(at); });
  }
  if (world_.chance(20)) world_.later(soon(), [this, at] { pause(at); });
  if (world_.chance(12)) {
    const bool graceful = world_.chance(40);
    world_.later(soon(), [this, at, graceful] { stop(at, graceful); });
  }
  if (world_.chance(30)) world_.later(soon(), [this, run = start.run] { look(run); });
  if (world_.chance(15)) {
    world_.later(soon(), [this, run = start.run] { look_from_elsewhere(run); });
  }
  const Program& program = world_.programs[static_cast<std::size_t>(start.program)];
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    if (program.nodes[i].kind != Kind::kEvent || !world_.chance(40)) continue;
    const int node = static_cast<int>(i);
    world_.later(soon(), [this, start, node] { send_event(start.run, start.program, node); });
  }
}

void Client::conflicting_key(std::size_t at) {
  if (world_.engine == nullptr) return;
  StartRequest request = request_of(starts_[at]);
  request.request[1] = 2;
  world_.engine->start(request, call<Started>(
                                    "start with a used key",
                                    [this](Result<Started> answer) {
                                      if (!answer) return;
                                      world_.complain("I3: a used key was accepted");
                                    },
                                    [] {}));
}

// ---- commands -----------------------------------------------------------------------------------

void Client::pause(std::size_t at) {
  if (world_.engine == nullptr) return;
  const RunId run = starts_[at].run;
  const auto resume_later = [this, at] {
    world_.later(world_.up_to(seconds(4)), [this, at] { resume(at); });
  };
  world_.engine->control(world_.scope(), run, Control::kPause,
                         call<store::RunRow>(
                             "pause " + run.to_string(),
                             [this, resume_later](Result<store::RunRow> row) {
                               if (row) return resume_later();
                               const Code code = row.error().code;
                               if (code == Code::kRunEnded || code == Code::kConflict) return;
                               world_.complain("pause was refused: " + row.error().message);
                             },
                             resume_later));
}

void Client::resume(std::size_t at) {
  const auto again = [this, at] {
    world_.later(milliseconds(50), [this, at] { resume(at); });
  };
  if (world_.engine == nullptr) return again();
  world_.engine->control(world_.scope(), starts_[at].run, Control::kResume,
                         call<store::RunRow>(
                             "resume " + starts_[at].run.to_string(),
                             [this](Result<store::RunRow> row) {
                               if (row) return;
                               const Code code = row.error().code;
                               if (code == Code::kRunEnded || code == Code::kConflict) return;
                               world_.complain("resume was refused: " + row.error().message);
                             },
                             again));
}

void Client::stop(std::size_t at, bool graceful) {
  if (world_.engine == nullptr) return;
  starts_[at].may_be_stopped = true;
  const Control control = graceful ? Control::kStopGraceful : Control::kStopImmediate;
  world_.engine->control(
      world_.scope(), starts_[at].run, control,
      call<store::RunRow>(
          "stop " + starts_[at].run.to_string(),
          [this, at, graceful](Result<store::RunRow> row) {
            if (!row) {
              if (row.error().code == Code::kRunEnded) return;
              return world_.complain("stop was refused: " + row.error().message);
            }
            starts_[at].is_stopped = true;
            const JournalWatch::Run* durable = world_.watch.find(starts_[at].run);
            if (!graceful && (!durable->ended || durable->status != store::RunStatus::kStopped)) {
              world_.complain("a stop was acknowledged before it was durable");
            }
          },
          [this, at] { world_.later(milliseconds(40), [this, at] { stop(at, false); }); }));
}

void Client::retry(std::size_t at) {
  if (world_.engine == nullptr) return;
  const Start origin = starts_[at];
  RetryRequest request;
  request.run = origin.run;
  world_.engine->retry(
      world_.scope(), request,
      call<Started>(
          "retry",
          [this, origin](Result<Started> answer) {
            if (!answer) {
              if (transient(answer.error().code)) return;
              return world_.complain("a retry was refused: " + answer.error().message);
            }
            Start start;
            start.program = origin.program;
            start.n = origin.n;
            start.retried = true;
            starts_.push_back(start);
            ++to_send_;
            accepted(starts_.size() - 1, answer->run);
          },
          [] {}));
}

void Client::look(RunId run) {
  if (world_.engine == nullptr) return;
  world_.engine->summary(
      world_.scope(), run,
      call<store::RunRow>(
          "summary " + run.to_string(),
          [this, run](Result<store::RunRow> row) {
            if (!row) return world_.complain("an accepted run is gone: " + row.error().message);
            const JournalWatch::Run* durable = world_.watch.find(run);
            if (row->head > durable->head) {
              world_.complain("a read shows what is not durable: run " + run.to_string());
            }
            if (durable->ended != store::ended(row->status) && row->head == durable->head) {
              world_.complain("a read shows another status than the journal");
            }
          },
          [] {}));
}

void Client::look_from_elsewhere(RunId run) {
  if (world_.engine == nullptr) return;
  const store::TenantScope foreign{world_.workspace, ProjectId{Uuid{1, 2}}};
  world_.engine->summary(foreign, run,
                         call<store::RunRow>(
                             "summary from elsewhere",
                             [this](Result<store::RunRow> row) {
                               if (!row && row.error().code == Code::kNotFound) return;
                               world_.complain("I12: a run was shown to another project");
                             },
                             [] {}));
}

// ---- tasks and events ---------------------------------------------------------------------------

void Client::poll() {
  world_.later(milliseconds(100), [this] { poll(); });
  if (world_.engine == nullptr) return;
  const auto reader = world_.store.open_reader();
  const auto tasks = reader->tasks_pending({world_.workspace, std::nullopt}, RunId{}, {200, ""});
  if (!tasks) return world_.complain("tasks cannot be listed: " + tasks.error().message);
  for (const store::TaskRow& row : tasks->items) {
    if (tasks_in_hand_.count(row.id) > 0 || world_.chance(60)) continue;
    answer_task(row);
  }
  for (const Program& program : world_.programs) {
    for (std::size_t i = 0; i < program.nodes.size(); ++i) {
      if (program.nodes[i].kind != Kind::kEvent) continue;
      const int node = static_cast<int>(i);
      const auto waiters =
          reader->waiters({world_.workspace, std::nullopt}, event_name(program, node), "");
      if (!waiters) return world_.complain("waiters cannot be listed");
      for (const store::WaiterRow& row : *waiters) {
        if (world_.chance(50)) send_event(row.run, program.number, node);
      }
    }
  }
  for (std::size_t at = 0; at < starts_.size(); ++at) {
    const Start& start = starts_[at];
    if (!start.accepted || retried_.count(start.run) > 0) continue;
    const JournalWatch::Run* run = world_.watch.find(start.run);
    if (run == nullptr || !run->ended) continue;
    retried_.insert(start.run);
    if (run->status == store::RunStatus::kFailed && !start.retried && world_.chance(60)) retry(at);
  }
}

void Client::answer_task(const store::TaskRow& row) {
  tasks_in_hand_.insert(row.id);
  TaskAnswer answer;
  answer.run = row.run;
  answer.task = world_.chance(50) ? row.id.to_string() : row.step_id;
  answer.by = "somebody";
  answer.approved = true;
  answer.result = json::Text::trusted("{\"v\":1}");
  for (const Program& program : world_.programs) {
    if (world_.workflows[static_cast<std::size_t>(program.number)] != row.workflow) continue;
    for (std::size_t i = 0; i < program.nodes.size(); ++i) {
      const Node& node = program.nodes[i];
      if (step_id(static_cast<int>(i)) != row.step_id) continue;
      // Of an effect in doubt it says that it did not happen.
      answer.approved = node.kind == Kind::kHuman && !node.reject;
      answer.result = json::Text::trusted("{\"v\":" + std::to_string(node.constant) + "}");
    }
  }
  const TaskId id = row.id;
  world_.engine->complete_task(
      world_.scope(), answer,
      call<TaskDecided>(
          "answer task of " + row.step_id,
          [this, id, run = row.run](Result<TaskDecided> decided) {
            if (!decided) {
              const Code code = decided.error().code;
              const bool known = code == Code::kTaskCompleted || code == Code::kRunEnded ||
                                 code == Code::kConflict || code == Code::kNotFound;
              if (!known) world_.complain("an answer was refused: " + decided.error().message);
              tasks_in_hand_.erase(id);
              return;
            }
            if (decided->task != id) world_.complain("an answer decided another task");
            if (!tasks_answered_.insert(id).second) {
              world_.complain("I4: a task was decided twice");
            }
            (void)run;
          },
          [this, id] { tasks_in_hand_.erase(id); }));
}

void Client::send_event(RunId run, int program, int node) {
  if (world_.engine == nullptr) return;
  const Program& of = world_.programs[static_cast<std::size_t>(program)];
  const std::string event = event_name(of, node);
  if (!events_sent_.insert({run, event}).second) return;
  const std::string data =
      "{\"v\":" + std::to_string(of.nodes[static_cast<std::size_t>(node)].constant) + "}";
  world_.engine->send_event(
      world_.scope(), run, event, "", json::Text::trusted(data),
      call<Unit>(
          "event " + event,
          [this](Result<Unit> answer) {
            if (answer || answer.error().code == Code::kRunEnded) return;
            world_.complain("an event was refused: " + answer.error().message);
          },
          [this, run, event] { events_sent_.erase({run, event}); }));
}

// ---- feeds --------------------------------------------------------------------------------------

void Client::follow(RunId run) {
  followers_.push_back(std::make_unique<Follower>());
  followers_.back()->run = run;
  if (world_.engine != nullptr) open(*followers_.back());
}

void Client::open(Follower& follower) {
  FeedRequest request;
  request.scope = world_.scope();
  request.run = follower.run;
  request.after = follower.after;
  follower.feed = world_.engine->open_feed(std::move(request));
  pull(follower);
}

void Client::pull(Follower& follower) {
  if (follower.feed == nullptr || follower.ended) return;
  follower.feed->next([this, &follower, life = world_.life](Result<FeedPage> page) {
    if (world_.store.dead || life != world_.life) return;
    if (!page) {
      return world_.complain("a feed ended: " + page.error().message);
    }
    take(follower, *page);
    world_.later(world_.up_to(milliseconds(20)), [this, &follower, life] {
      if (life == world_.life) pull(follower);
    });
  });
}

void Client::take(Follower& follower, const FeedPage& page) {
  const JournalWatch::Run* durable = world_.watch.find(follower.run);
  for (const LiveEvent& event : page.events) {
    if (event.seq == 0) continue;
    world_.note("event " + event.json);
    if (event.seq != follower.after + 1) {
      world_.complain("I10: a feed of " + follower.run.to_string() + " went from " +
                      std::to_string(follower.after) + " to " + std::to_string(event.seq));
    }
    if (event.seq > durable->seq) world_.complain("I6: a feed shows what is not durable");
    const auto [at, fresh] = follower.seen.try_emplace(event.seq, event.json);
    if (!fresh && at->second != event.json) {
      world_.complain("I10: event " + std::to_string(event.seq) + " of " +
                      follower.run.to_string() + " has changed: " + at->second + " / " +
                      event.json);
    }
    follower.after = event.seq;
  }
  if (!page.ended) return;
  follower.ended = true;
  if (!durable->ended || follower.after != durable->seq) {
    world_.complain("I10: a feed ended before its run");
  }
}

void Client::open_scope() {
  FeedRequest request;
  request.scope = world_.scope();
  scope_feed_ = world_.engine->open_feed(std::move(request));
  pull_scope();
}

void Client::pull_scope() {
  if (scope_feed_ == nullptr) return;
  scope_feed_->next([this, life = world_.life](Result<FeedPage> page) {
    if (world_.store.dead || life != world_.life || !page) return;
    for (const LiveEvent& event : page->events) {
      if (event.seq == 0) continue;
      const auto id = json::member(event.json, "run_id");
      const std::string run = json::decode_string(id.value_or("\"\""));
      const auto uuid = Uuid::parse(run);
      const JournalWatch::Run* durable = uuid ? world_.watch.find(RunId{*uuid}) : nullptr;
      if (durable == nullptr || event.seq > durable->seq) {
        world_.complain("I6: a scope's feed shows what is not durable: " + event.json);
      }
      scope_seen_[{run, event.seq}] = event.json;
    }
    world_.later({0}, [this, life] {
      if (life == world_.life) pull_scope();
    });
  });
}

// ---- lives --------------------------------------------------------------------------------------

void Client::node_started() {
  for (const auto& follower : followers_) {
    if (follower->ended) continue;
    if (world_.chance(30)) follower->after = world_.random.below(follower->after + 1);
    open(*follower);
  }
  if (world_.chance(50)) open_scope();
}

void Client::node_crashing() {
  for (const auto& follower : followers_) follower->feed.reset();
  scope_feed_.reset();
}

void Client::node_crashed() {
  auto calls = std::move(calls_);
  calls_.clear();
  for (auto& [id, call] : calls) call.lost();
}

bool Client::satisfied() const {
  if (to_send_ > 0 || !calls_.empty()) return false;
  for (const auto& [id, run] : world_.watch.runs()) {
    if (!run.ended || (run.parent.set() && !run.acknowledged)) return false;
  }
  for (const auto& follower : followers_) {
    if (!follower->ended) return false;
  }
  return true;
}

/// What the store says of an open run, for who reads a failure.
std::string Client::at_rest(RunId id) const {
  const auto reader = world_.store.open_reader();
  const auto row = reader->run_unscoped(id);
  const auto snapshot = reader->snapshot(id);
  std::string text = "(";
  if (row && *row) {
    text += std::string(store::name((*row)->status)) + " ";
    text += std::string(store::name((*row)->pause_reason));
  }
  if (snapshot && *snapshot) {
    text += (*snapshot)->runnable ? " runnable" : " asleep";
    if ((*snapshot)->wake_at.set()) text += " until " + to_rfc3339((*snapshot)->wake_at);
  }
  return text + ")";
}

std::string Client::unfinished() const {
  std::string text = std::to_string(to_send_) + " starts to send;";
  for (const auto& [id, call] : calls_)
    text += " call " + std::to_string(id) + " " + call.what + ";";
  for (const auto& [id, run] : world_.watch.runs()) {
    if (!run.ended) text += " run " + id.to_string() + " is open " + at_rest(id) + ";";
    else if (run.parent.set() && !run.acknowledged)
      text += " run " + id.to_string() + " is unacknowledged;";
  }
  for (const auto& follower : followers_) {
    if (!follower->ended) text += " a feed of " + follower->run.to_string() + " is open;";
  }
  return text;
}

}  // namespace troupe::simulation
