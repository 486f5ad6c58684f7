#include "actors/node/recovery.h"

#include <unordered_map>

#include "actors/store/load_run.h"

namespace troupe::actors {
namespace {

/// Folds one entity and files it.
class Filing {
 public:
  Filing(Services& services, store::Reader& reader, Recovered* out)
      : services_(services), reader_(reader), out_(out) {}

  /// `has_row`: false if its row was looked for and is not there.
  /// What cannot be folded is set aside; but not where the store is silent: then nothing is known
  /// of any run.
  Status file(RunId run, const std::optional<store::Snapshot>& snapshot,
              const std::vector<store::Frame>& frames, bool has_row) {
    const Status folded = fold(run, snapshot, frames, has_row);
    return folded ? ok() : set_aside(run, folded.error());
  }
  Status set_aside(RunId run, const Error& why) {
    const auto row = reader_.run_unscoped(run);
    if (!row && info(row.error().code).transient) return row.error();
    services_.ports.log.error("a run cannot be recovered",
                              {{"run_id", run.to_string()}, {"message", why.message}});
    if (row && *row && !store::ended((*row)->status)) {
      out_->quarantined.push_back({(*row)->workspace, {run, why.message, (*row)->project}});
    }
    return ok();
  }

 private:
  Status fold(RunId run, const std::optional<store::Snapshot>& snapshot,
              const std::vector<store::Frame>& frames, bool has_row) {
    Fold fold(services_, reader_);
    const PlantedBugs& bugs = services_.options.bugs;
    if (snapshot) {
      if (Status begun = fold.begin(*snapshot); !begun) return begun;
    }
    store::Pos first = 0;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      if (bugs.skip_last_frame_on_recovery && i + 1 == frames.size() && i > 0) break;
      if (first == 0 && (!snapshot || frames[i].pos > snapshot->pos)) first = frames[i].pos;
      if (Status added = fold.add(frames[i]); !added) return added;
      if (bugs.repeat_frame_on_recovery && i + 1 == frames.size() && i > 0) {
        if (Status again = fold.repeat(frames[i]); !again) return again;
      }
    }
    auto state = fold.finish();
    if (!state) return std::move(state).error();
    if (bugs.reuse_seq_after_recovery && state->seq > 0) --state->seq;
    if (store::ended(state->status) && (!state->parent.set() || state->parent_acknowledged)) {
      return ok();
    }
    const WorkspaceId workspace = state->workspace;
    if (!has_row && !bugs.forget_rows_on_recovery) {
      out_->rows[workspace].push_back(run::row_of(*state));
    }
    if (first != 0) {
      out_->uncovered.push_back({run, nullptr, first});
      out_->workspace_of[run] = workspace;
    }
    const int crashes =
        services_.ports.black_box != nullptr ? services_.ports.black_box->crashes_of(run) : 0;
    const bool aside = state->pause_reason == store::PauseReason::kQuarantine;
    if (aside || crashes >= services_.options.crashes_max) {
      out_->quarantined.push_back(
          {workspace, {run, aside ? std::string("it was quarantined before")
                                  : "the process died " + std::to_string(crashes) +
                                        " times while it worked on this run",
                       state->project}});
      return ok();
    }
    auto& list = out_->states[workspace];
    if (list == nullptr) list = std::make_shared<std::vector<run::State>>();
    list->push_back(std::move(*state));
    return ok();
  }

  Services& services_;
  store::Reader& reader_;
  Recovered* out_;
};

}  // namespace

Result<Recovered> recover(Services& services, store::Reader& reader,
                          const cluster::SlotSet& slots) {
  Recovered out;
  std::unordered_map<RunId, std::vector<store::Frame>> tails;
  std::vector<RunId> order;
  // A node that has its cluster actor takes over; at a start it is not there yet.
  const bool forget = services.options.bugs.forget_tails_on_takeover && services.cluster;
  const Status scanned = reader.scan_tail(slots, [&](store::Frame frame) {
    if (forget) return false;
    auto& tail = tails[frame.entity];
    if (tail.empty()) order.push_back(frame.entity);
    tail.push_back(std::move(frame));
    return true;
  });
  if (!scanned) return scanned.error();
  Filing filing(services, reader, &out);
  for (const RunId run : order) {
    auto snapshot = reader.snapshot(run);
    if (!snapshot) {
      if (info(snapshot.error().code).transient) return std::move(snapshot).error();
      // Damaged bytes are those of one run, and cost nobody else the start.
      if (Status aside = filing.set_aside(run, snapshot.error()); !aside) return aside.error();
      continue;
    }
    const std::vector<store::Frame>& tail = tails[run];
    // Asleep: the snapshot holds everything and somebody else wakes it.
    const bool covered = *snapshot && (*snapshot)->pos >= tail.back().pos;
    if (covered && !(*snapshot)->runnable) continue;
    // Most runs of a busy journal have ended: their rows say so without a fold.
    bool has_row = true;
    if (!*snapshot) {
      const auto row = reader.run_unscoped(run);
      if (!row && info(row.error().code).transient) return row.error();
      if (row && *row && store::ended((*row)->status)) continue;
      has_row = !row || *row;
    }
    if (Status filed = filing.file(run, *snapshot, tail, has_row); !filed) return filed.error();
  }
  std::vector<store::Snapshot> rest;
  const Status visited =
      reader.runnable_snapshots(slots, [&](store::Snapshot snapshot) {
        if (tails.count(snapshot.entity) == 0) rest.push_back(std::move(snapshot));
        return true;
      });
  if (!visited) return visited.error();
  for (const store::Snapshot& snapshot : rest) {
    if (Status filed = filing.file(snapshot.entity, snapshot, {}, true); !filed) {
      return filed.error();
    }
  }
  return out;
}

}  // namespace troupe::actors
