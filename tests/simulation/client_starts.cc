// Starts, one by one and in batches, and what is planned for a run once it is accepted.
#include "tests/simulation/client.h"

namespace troupe::simulation {

namespace {

std::string input_of(std::int64_t n) { return "{\"n\":" + std::to_string(n) + "}"; }

}  // namespace

void Client::begin() {
  const std::uint64_t starts = 2 + world_.random.below(7);
  for (std::uint64_t i = 0; i < starts; ++i) {
    const int program = static_cast<int>(world_.random.below(world_.programs.size()));
    plan_start(program, world_.chance(50), world_.up_to(milliseconds(800)));
  }
  // Among several nodes slots go to and fro while groups of runs are being made.
  const int batches = world_.cluster ? static_cast<int>(world_.random.below(4))
                                     : static_cast<int>(world_.chance(30));
  for (int batch = 0; batch < batches; ++batch) {
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
    const Duration most = milliseconds(world_.cluster ? 3000 : 500);
    world_.later(world_.up_to(most), [this, group] { send_batch(group); });
  }
  const int publications = static_cast<int>(world_.random.below(4));
  for (int i = 0; i < publications; ++i) {
    const int program = static_cast<int>(world_.random.below(world_.programs.size()));
    world_.later(world_.up_to(milliseconds(800)), [this, program] { publish(program); });
  }
  world_.later(milliseconds(100), [this] { poll(); });
}

/// The same graph again, as the next version.
void Client::publish(int program) {
  SimNode* const node = world_.any_node();
  if (node == nullptr) return;
  const auto workflow = world_.workflows[static_cast<std::size_t>(program)];
  node->engine().publish(
      world_.scope(), workflow, "",
      call<store::Version>(
          *node, "publish " + std::to_string(program),
          [this, program](Result<store::Version> row) {
            if (row) {
              std::int32_t& latest = published_[program];
              latest = std::max(latest, row->version);
            } else if (!passing(row.error().code)) {
              world_.complain("a publication was refused: " + row.error().message);
            }
          },
          [] {}));
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
  // Somebody is impatient: the same start at several nodes at once.
  if (!keyed || !world_.cluster || !world_.chance(40)) return;
  world_.later(delay + world_.up_to(milliseconds(5)), [this, at] { send_start(at); });
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
  SimNode* const node = world_.any_node();
  if (node == nullptr)
    return world_.later(milliseconds(5), [this, at] { send_start(at); });
  Start& start = starts_[at];
  // What an earlier try may have started stays what it was.
  if (start.least_version < 0) start.least_version = published_[start.program];
  node->engine().start(
      request_of(start),
      call<Started>(
          *node, "start " + std::to_string(start.n),
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
  if (durable->version < start.least_version) {
    return world_.complain("a start is of version " + std::to_string(durable->version) +
                           ", and " + std::to_string(start.least_version) +
                           " was published before it");
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
  SimNode* const node = world_.any_node();
  if (node == nullptr) {
    return world_.later(milliseconds(5), [this, group] { send_batch(group); });
  }
  std::vector<BatchItem> items;
  for (const std::size_t at : group) {
    starts_[at].least_version = published_[starts_[at].program];
    items.push_back({json::Text::trusted(input_of(starts_[at].n)), ""});
  }
  StartRequest common = request_of(starts_[group.front()]);
  node->engine().start_batch(
      common, std::move(items),
      call<std::vector<RunId>>(
          *node, "batch",
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
    if (program.nodes[i].kind != Kind::kEvent || program.nodes[i].lapses) continue;
    if (!world_.chance(40)) continue;
    const int node = static_cast<int>(i);
    world_.later(soon(), [this, start, node] { send_event(start.run, start.program, node); });
  }
}

void Client::conflicting_key(std::size_t at) {
  SimNode* const node = world_.any_node();
  if (node == nullptr) return;
  StartRequest request = request_of(starts_[at]);
  request.request[1] = 2;
  node->engine().start(request, call<Started>(
                                    *node, "start with a used key",
                                    [this](Result<Started> answer) {
                                      if (!answer) return;
                                      world_.complain("I3: a used key was accepted");
                                    },
                                    [] {}));
}

}  // namespace troupe::simulation
