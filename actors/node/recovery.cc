#include "actors/node/recovery.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "actors/store/load_run.h"

namespace troupe::actors {
namespace {

constexpr std::size_t kRunsAtOnce = 512;

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
    // Its frames are in the journal still, and what they refer to is not.
    if (!has_row && fold.is_removed()) return ok();
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

/// How some runs with frames in the tail stand in the store: looked up with two questions, and one
/// by one only where something is damaged.
class Standing {
 public:
  Standing(store::Reader& reader, std::vector<RunId> runs)
      : reader_(reader), runs_(std::move(runs)) {}

  Status read(Filing& filing) {
    if (Status done = read_snapshots(filing); !done) return done;
    return read_rows();
  }
  /// All but those that were set aside.
  const std::vector<RunId>& runs() const { return runs_; }
  const std::optional<store::Snapshot>& snapshot(RunId run) { return snapshots_[run]; }
  bool has_ended(RunId run) const { return ended_.count(run) > 0; }
  bool may_have_row(RunId run) const { return rowless_.count(run) == 0; }

 private:
  Status read_snapshots(Filing& filing) {
    auto all = reader_.snapshots(runs_);
    if (all) {
      for (store::Snapshot& one : *all) snapshots_[one.entity] = std::move(one);
      return ok();
    }
    if (info(all.error().code).transient) return all.error();
    std::vector<RunId> whole;
    for (const RunId run : runs_) {
      auto one = reader_.snapshot(run);
      if (one) {
        snapshots_[run] = std::move(*one);
        whole.push_back(run);
        continue;
      }
      if (info(one.error().code).transient) return one.error();
      // Damaged bytes are those of one run, and cost nobody else the start.
      if (Status aside = filing.set_aside(run, one.error()); !aside) return aside;
    }
    runs_ = std::move(whole);
    return ok();
  }

  /// Only of those without a snapshot.
  Status read_rows() {
    std::vector<RunId> asked;
    for (const RunId run : runs_) {
      if (!snapshots_[run]) asked.push_back(run);
    }
    if (asked.empty()) return ok();
    const auto all = reader_.runs_unscoped(asked);
    if (!all && info(all.error().code).transient) return all.error();
    rowless_.insert(asked.begin(), asked.end());
    if (all) {
      for (const store::RunRow& row : *all) note(row);
      return ok();
    }
    for (const RunId run : asked) {
      const auto row = reader_.run_unscoped(run);
      if (!row && info(row.error().code).transient) return row.error();
      if (!row) rowless_.erase(run);  // it is there, but damaged
      else if (*row) note(**row);
    }
    return ok();
  }
  void note(const store::RunRow& row) {
    rowless_.erase(row.id);
    if (store::ended(row.status)) ended_.insert(row.id);
  }

  store::Reader& reader_;
  std::vector<RunId> runs_;
  std::unordered_map<RunId, std::optional<store::Snapshot>> snapshots_;
  std::unordered_set<RunId> ended_, rowless_;
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
  for (std::size_t at = 0; at < order.size(); at += kRunsAtOnce) {
    const auto end = std::min(order.size(), at + kRunsAtOnce);
    Standing standing(reader, {order.begin() + static_cast<std::ptrdiff_t>(at),
                               order.begin() + static_cast<std::ptrdiff_t>(end)});
    if (Status read = standing.read(filing); !read) return read.error();
    for (const RunId run : standing.runs()) {
      const auto& snapshot = standing.snapshot(run);
      const std::vector<store::Frame>& tail = tails[run];
      // Asleep: the snapshot holds everything and somebody else wakes it.
      const bool covered = snapshot && snapshot->pos >= tail.back().pos;
      if (covered && !snapshot->runnable) continue;
      // Most runs of a busy journal have ended: their rows say so without a fold.
      if (!snapshot && standing.has_ended(run)) continue;
      const bool has_row = snapshot || standing.may_have_row(run);
      if (Status filed = filing.file(run, snapshot, tail, has_row); !filed) return filed.error();
    }
  }
  std::vector<store::Snapshot> rest;
  const Status visited =
      reader.runnable_snapshots(slots, [&](store::Snapshot snapshot) {
        if (tails.count(snapshot.entity) == 0) rest.push_back(std::move(snapshot));
        return true;
      });
  if (!visited) return visited.error();
  for (const store::Snapshot& snapshot : rest) {
    if (snapshot.damaged) {
      const Error why{Code::kCorrupt, "its snapshot is damaged", {}};
      if (Status aside = filing.set_aside(snapshot.entity, why); !aside) return aside.error();
      continue;
    }
    if (Status filed = filing.file(snapshot.entity, snapshot, {}, true); !filed) {
      return filed.error();
    }
  }
  return out;
}

}  // namespace troupe::actors
