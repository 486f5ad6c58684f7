// What is asked of a run by its id: pause, resume, stop, retry, and reads.
#include "tests/simulation/client.h"

namespace troupe::simulation {

void Client::pause(std::size_t at) {
  SimNode* const node = world_.any_node();
  if (node == nullptr) return;
  const RunId run = starts_[at].run;
  ++starts_[at].pauses;
  const auto resume_later = [this, at] {
    world_.later(world_.up_to(seconds(4)), [this, at] { resume(at); });
  };
  node->engine().control(world_.scope(), run, Control::kPause,
                         call<store::RunRow>(
                             *node, "pause " + run.to_string(),
                             [this, resume_later](Result<store::RunRow> row) {
                               if (row) return resume_later();
                               const Code code = row.error().code;
                               if (code == Code::kRunEnded || code == Code::kConflict ||
                                   code == Code::kQuarantined || passing(code)) {
                                 return;
                               }
                               world_.complain("pause was refused: " + row.error().message);
                             },
                             resume_later));
}

void Client::resume(std::size_t at) {
  const auto again = [this, at] {
    world_.later(milliseconds(50), [this, at] { resume(at); });
  };
  SimNode* const node = world_.any_node();
  if (node == nullptr) return again();
  node->engine().control(world_.scope(), starts_[at].run, Control::kResume,
                         call<store::RunRow>(
                             *node, "resume " + starts_[at].run.to_string(),
                             [this, again](Result<store::RunRow> row) {
                               if (row) return;
                               const Code code = row.error().code;
                               if (code == Code::kRunEnded || code == Code::kConflict) return;
                               if (passing(code)) return again();
                               world_.complain("resume was refused: " + row.error().message);
                             },
                             again));
}

/// An operator who finds a run set aside, and has it tried again.
void Client::revive(RunId run) {
  SimNode* const node = world_.any_node();
  if (node == nullptr || !in_revival_.insert(run).second) return;
  node->engine().control(world_.scope(), run, Control::kResume,
                         call<store::RunRow>(
                             *node, "revive " + run.to_string(),
                             [this, run](Result<store::RunRow> row) {
                               in_revival_.erase(run);
                               if (row) return;
                               const Code code = row.error().code;
                               if (code == Code::kRunEnded || code == Code::kConflict ||
                                   code == Code::kQuarantined || passing(code)) {
                                 return;
                               }
                               world_.complain("a revival was refused: " + row.error().message);
                             },
                             [this, run] { in_revival_.erase(run); }));
}

void Client::stop(std::size_t at, bool graceful) {
  SimNode* const node = world_.any_node();
  if (node == nullptr) return;
  starts_[at].may_be_stopped = true;
  const Control control = graceful ? Control::kStopGraceful : Control::kStopImmediate;
  node->engine().control(
      world_.scope(), starts_[at].run, control,
      call<store::RunRow>(
          *node, "stop " + starts_[at].run.to_string(),
          [this, at, graceful](Result<store::RunRow> row) {
            if (!row) {
              if (row.error().code == Code::kRunEnded) return;
              if (row.error().code == Code::kQuarantined || passing(row.error().code)) {
                return world_.later(milliseconds(90), [this, at] { stop(at, false); });
              }
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
  SimNode* const node = world_.any_node();
  if (node == nullptr) return;
  const Start origin = starts_[at];
  RetryRequest request;
  request.run = origin.run;
  node->engine().retry(
      world_.scope(), request,
      call<Started>(
          *node, "retry",
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
  SimNode* const node = world_.any_node();
  if (node == nullptr) return;
  node->engine().summary(
      world_.scope(), run,
      call<store::RunRow>(
          *node, "summary " + run.to_string(),
          [this, run, before = world_.watch.find(run)->head](Result<store::RunRow> row) {
            if (!row && passing(row.error().code)) return;
            if (!row) return world_.complain("an accepted run is gone: " + row.error().message);
            const JournalWatch::Run* durable = world_.watch.find(run);
            if (row->head < before) {
              world_.complain("a read shows less than was durable: run " + run.to_string());
            }
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
  SimNode* const node = world_.any_node();
  if (node == nullptr) return;
  const store::TenantScope foreign{world_.workspace, ProjectId{Uuid{1, 2}}};
  node->engine().summary(foreign, run,
                         call<store::RunRow>(
                             *node, "summary from elsewhere",
                             [this](Result<store::RunRow> row) {
                               if (!row && (row.error().code == Code::kNotFound ||
                                            passing(row.error().code))) {
                                 return;
                               }
                               world_.complain("I12: a run was shown to another project");
                             },
                             [] {}));
}

}  // namespace troupe::simulation
