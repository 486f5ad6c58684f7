#include "actors/committer/committer.h"

#include <algorithm>
#include <utility>
#include <unordered_set>

#include "actors/events/publisher.h"

namespace troupe::actors {
namespace {

constexpr Duration kRestAfter = seconds(1);
constexpr std::size_t kSnapshotsAtOnce = 256;
constexpr std::uint64_t kBytesAtMark = std::uint64_t{64} << 20;
constexpr std::size_t kTablesAtMark = 32;
/// While several workspaces write, none is to wait long for a commit of another.
constexpr Duration kSharedCommit{1500};
constexpr Duration kSharedFor = seconds(1);
/// A row goes into a table and two or three indexes, which takes as long as this many more bytes.
constexpr std::size_t kRowCost = 1024;
constexpr std::size_t kBatchBytesMin = 16 << 10;
/// An actor hears of its refusal within moments; what it had sent before that has come by then.
constexpr Duration kForgetRefusedAfter = seconds(60);

template <class Row>
void append(const std::vector<Row>& from, std::vector<Row>& to) {
  to.insert(to.end(), from.begin(), from.end());
}

/// Joins submissions into one batch: rows and snapshots of the same entity coalesce to the last.
/// They are copied, because a failed batch is sifted and tried again.
store::Batch join(const std::vector<std::shared_ptr<Submission>>& submissions) {
  store::Batch batch;
  std::unordered_map<RunId, std::size_t> row_at;
  std::unordered_map<RunId, std::size_t> snapshot_at;
  std::unordered_set<RunId> dropped;
  for (const auto& submission : submissions) {
    append(submission->batch.frames, batch.frames);
    for (const store::RunRow& row : submission->batch.runs) {
      const auto [at, inserted] = row_at.try_emplace(row.id, batch.runs.size());
      if (inserted) batch.runs.push_back(row);
      else batch.runs[at->second] = row;
    }
    for (const store::Snapshot& snapshot : submission->batch.snapshots) {
      dropped.erase(snapshot.entity);
      const auto [at, inserted] = snapshot_at.try_emplace(snapshot.entity, batch.snapshots.size());
      if (inserted) batch.snapshots.push_back(snapshot);
      else batch.snapshots[at->second] = snapshot;
    }
    for (const RunId entity : submission->batch.snapshots_dropped) dropped.insert(entity);
    append(submission->batch.payloads, batch.payloads);
    append(submission->batch.tasks, batch.tasks);
    append(submission->batch.waiters, batch.waiters);
  }
  std::erase_if(batch.snapshots,
                [&](const store::Snapshot& s) { return dropped.count(s.entity) > 0; });
  batch.snapshots_dropped.assign(dropped.begin(), dropped.end());
  std::sort(batch.frames.begin(), batch.frames.end(),
            [](const store::Frame& a, const store::Frame& b) { return a.pos < b.pos; });
  return batch;
}

}  // namespace

Committer::Committer(Services& services, Outside outside)
    : services_(services), outside_(std::move(outside)) {}

bool Committer::of_refused(const Submission& submission) const {
  if (refused_.empty()) return false;
  const store::Batch& batch = submission.batch;
  return (!batch.frames.empty() && refused_.count(batch.frames.front().entity) > 0) ||
         (!batch.snapshots.empty() && refused_.count(batch.snapshots.front().entity) > 0) ||
         (!batch.runs.empty() && refused_.count(batch.runs.front().id) > 0);
}

void Committer::submit(std::shared_ptr<Submission> submission) {
  // Whether it may land is seen when its turn has come: what waits before it may be refused yet.
  waiting_.push(std::move(submission));
  if (!flush_pending_ && !ending()) {
    flush_pending_ = true;
    outside_.flush_soon();
  }
}

void Committer::write(const WriteJob& job) {
  store::Writer& writer = services_.ports.store.writer();
  if (!unresolved_.empty() && writer.can_resolve()) postponed_.push_back(job);
  else if (!ending()) job.work(writer);
}

void Committer::add(const OpenEntities& open) {
  // Another node may have accepted what was refused here.
  std::erase_if(refused_, [&](RunId run) { return open.slots.test(cluster::slot_of(run)); });
  for (const auto& entity : *open.entities) marks_.add(entity);
}

void Committer::flush() {
  flush_pending_ = false;
  if (!unresolved_.empty() && services_.ports.store.writer().can_resolve()) resolve();
  if (waiting_.empty() || ending()) return;
  const TimePoint begun = services_.now();
  if (waiting_.lines() > 1) shared_until_ = begun + kSharedFor;
  const bool shared = begun < shared_until_;
  const std::size_t bytes_max = services_.options.batch_bytes_max;
  auto submissions = shared ? waiting_.take(std::min(batch_bytes_, bytes_max), kRowCost)
                            : waiting_.take(bytes_max);
  std::erase_if(submissions, [this](const auto& next) { return turn_away(*next); });
  const store::Batch batch = join(submissions);
  const Status written = services_.ports.store.writer().commit(batch);
  if (shared) fit_batch(services_.now() - begun);
  if (written) landed(submissions, begun);
  else failed(std::move(submissions), written.error());
  if (ending()) return;
  if (waiting_.empty()) {
    for (const auto& work : std::exchange(when_empty_, {})) work();
  } else if (!flush_pending_) {
    flush_pending_ = true;
    if (failures_ > 0)
      outside_.flush_later(milliseconds(std::min(1000, 20 << std::min(failures_, 6))));
    else outside_.flush_soon();
  }
}

/// Follows the disk: a batch is to take about kSharedCommit.
void Committer::fit_batch(Duration took) {
  const std::size_t piece = batch_bytes_ / 4;
  if (took > kSharedCommit) {
    batch_bytes_ = std::max(kBatchBytesMin, batch_bytes_ - piece);
  } else if (!waiting_.empty()) {
    batch_bytes_ = std::min(services_.options.batch_bytes_max, batch_bytes_ + piece);
  }
}

void Committer::landed(const std::vector<std::shared_ptr<Submission>>& batch, TimePoint begun) {
  failures_ = 0;
  ++commits_;
  if (!refused_.empty() && begun - refused_at_ > kForgetRefusedAfter) refused_.clear();
  services_.store_failing = false;
  std::size_t bytes = 0, frames = 0;
  for (const auto& submission : batch) {
    marks_.note(*submission);
    bytes += submission->bytes;
    frames += submission->batch.frames.size();
    if (services_.publisher != nullptr) services_.publisher->committed(submission->batch.frames);
    acknowledge(*submission);
  }
  services_.commit_queue_bytes -= std::min(bytes, services_.commit_queue_bytes.load());
  HotMetrics& metrics = services_.metrics;
  metrics.commit_duration.observe(static_cast<double>((services_.now() - begun).us) / 1e6);
  metrics.commit_records.observe(static_cast<double>(frames));
  const std::uint64_t written = services_.ports.store.journal_bytes();
  metrics.journal_bytes.add(static_cast<double>(written - bytes_reported_));
  bytes_reported_ = written;
  depth_changed();
  if (!maintain_pending_) {
    maintain_pending_ = true;
    outside_.maintain_soon();
  }
}

void Committer::acknowledge(const Submission& submission) {
  refused_.erase(submission.reopens);
  if (submission.done) submission.done(ok());
  if (submission.run != nullptr) {
    caf::anon_send(caf::actor_cast<RunActor>(submission.run), Committed{submission.pos});
  }
}

void Committer::refuse(const Submission& submission, const Error& error) {
  if (submission.done) submission.done(error);
  if (submission.run != nullptr) {
    caf::anon_send(caf::actor_cast<RunActor>(submission.run), CommitFailed{error});
  }
}

void Committer::failed(std::vector<std::shared_ptr<Submission>> batch, const Error& error) {
  ++failures_;
  services_.store_full = error.code == Code::kStorageFull;
  services_.store_failing = true;
  services_.ports.log.error("a commit failed", {{"code", info(error.code).name},
                                                {"message", error.message},
                                                {"in_a_row", failures_}});
  if (error.code == Code::kStaleEpoch) {
    is_fenced_ = true;  // who waits is answered by the node that has taken over
    return services_.fenced(error.message);
  }
  if (error.code == Code::kOutcomeUnknown && services_.ports.store.writer().can_resolve()) {
    unresolved_ = std::move(batch);
    unresolved_last_ = 0;
    for (const auto& submission : unresolved_) {
      for (const store::Frame& frame : submission->batch.frames) {
        unresolved_last_ = std::max(unresolved_last_, frame.pos);
      }
    }
    flush_pending_ = true;
    return outside_.flush_later(milliseconds(50));
  }
  if (error.code == Code::kOutcomeUnknown) {
    // The disk may have lost what it said it had. Nothing may be acknowledged after this, and a
    // second fsync could falsely succeed: only a new process can read back what is there.
    services_.ports.log.error("the outcome of a commit is unknown; ending", {});
    unresolved_ = std::move(batch);  // who waits for it is told neither yes nor no
    services_.ports.end_process();
    return;
  }
  if (error.code == Code::kCorrupt) return commit_singly(std::move(batch));
  // New runs are refused; what belongs to accepted ones is kept and tried again, in order.
  refused_at_ = services_.now();
  std::vector<std::shared_ptr<Submission>> kept;
  const auto sift = [&](auto& list) {
    for (auto& submission : list) {
      if (!submission->creates && !of_refused(*submission)) {
        kept.push_back(std::move(submission));
        continue;
      }
      for (const store::Frame& frame : submission->batch.frames) refused_.insert(frame.entity);
      services_.commit_queue_bytes -=
          std::min(submission->bytes, services_.commit_queue_bytes.load());
      refuse(*submission, error);
    }
  };
  sift(batch);
  auto behind = waiting_.take_all();
  sift(behind);
  for (auto& submission : kept) waiting_.push(std::move(submission));
  if (waiting_.empty()) {
    // Nothing is left to try with: the next new run finds out.
    services_.store_failing = false;
  }
  depth_changed();
}

void Committer::resolve() {
  // Rows alone are written once more: doing that twice does no harm.
  const Result<bool> landed_before =
      unresolved_last_ == 0 ? Result<bool>(false)
                            : services_.ports.store.writer().landed(unresolved_last_);
  if (!landed_before) {
    if (landed_before.error().code == Code::kStaleEpoch) {
      is_fenced_ = true;
      return services_.fenced(landed_before.error().message);
    }
    flush_pending_ = true;
    return outside_.flush_later(milliseconds(250));
  }
  auto batch = std::exchange(unresolved_, {});
  services_.ports.log.warning("the outcome of a commit was unknown and is resolved",
                              {{"landed", *landed_before}});
  if (*landed_before) {
    landed(batch, services_.now());
  } else {
    // Before everything that has come since, in its order.
    auto behind = waiting_.take_all();
    for (auto& submission : batch) waiting_.push(std::move(submission));
    for (auto& submission : behind) waiting_.push(std::move(submission));
  }
  for (const WriteJob& job : std::exchange(postponed_, {})) write(job);
}

/// A damaged page must not hold up those who do not touch it.
void Committer::commit_singly(std::vector<std::shared_ptr<Submission>> batch) {
  for (auto next = batch.begin(); next != batch.end(); ++next) {
    if (turn_away(**next)) continue;
    const TimePoint begun = services_.now();
    const Status written = services_.ports.store.writer().commit(join({*next}));
    if (written) {
      landed({*next}, begun);
    } else if (written.error().code == Code::kCorrupt) {
      set_aside(**next, written.error());
    } else {
      return failed({std::make_move_iterator(next), std::make_move_iterator(batch.end())},
                    written.error());
    }
  }
  // What the damage hit is out of the way.
  failures_ = 0;
  services_.store_failing = false;
}

/// Whether it must not land. Those of one line have to be asked in its order.
bool Committer::turn_away(const Submission& submission) {
  if (refuse_late(submission)) return true;
  if (!submission.creates) return refuse_behind(submission);
  for (const store::Frame& frame : submission.batch.frames) refused_.erase(frame.entity);
  return false;
}

/// Something of the same run was refused before: it would leave a gap.
bool Committer::refuse_behind(const Submission& submission) {
  if (!of_refused(submission)) return false;
  services_.commit_queue_bytes -= std::min(submission.bytes, services_.commit_queue_bytes.load());
  refuse(submission, {Code::kUnavailable, "what this run submitted before was refused", {}});
  return true;
}

/// Recovery would not see what lies before its mark. Only a group of new runs draws its addresses
/// long before it is submitted.
bool Committer::refuse_late(const Submission& submission) {
  const auto& frames = submission.batch.frames;
  const bool late = std::any_of(frames.begin(), frames.end(), [this](const store::Frame& frame) {
    return frame.pos < mark_;
  });
  if (!late) return false;
  TROUPE_ENSURE(submission.creates);
  for (const store::Frame& frame : frames) refused_.insert(frame.entity);
  refused_at_ = services_.now();
  services_.commit_queue_bytes -= std::min(submission.bytes, services_.commit_queue_bytes.load());
  refuse(submission, {Code::kUnavailable, "it took too long to make these runs; try again", {}});
  return true;
}

void Committer::set_aside(const Submission& submission, const Error& error) {
  services_.commit_queue_bytes -= std::min(submission.bytes, services_.commit_queue_bytes.load());
  const store::Batch& batch = submission.batch;
  for (const store::Frame& frame : batch.frames) refused_.insert(frame.entity);
  for (const store::Snapshot& snapshot : batch.snapshots) refused_.insert(snapshot.entity);
  // Of an actor's own: a frame, or a snapshot alone.
  const bool own = !submission.creates && !submission.done;
  if (own && !(batch.frames.empty() && batch.snapshots.empty())) {
    const RunId run =
        batch.frames.empty() ? batch.snapshots.front().entity : batch.frames.front().entity;
    caf::anon_send(caf::actor_cast<TenantActor>(submission.tenant),
                   QuarantineRun{run, error.message});
  }
  refused_.erase(submission.reopens);
  refused_at_ = services_.now();
  refuse(submission, error);
  depth_changed();
}

void Committer::depth_changed() {
  services_.metrics.commit_queue_depth.set(static_cast<double>(waiting_.size()));
  services_.gate.throttle(services_.commit_queue_bytes > services_.options.commit_queue_bytes_slow);
}

void Committer::maintain() {
  if (ending()) return;
  maintain_pending_ = false;
  store::Writer& writer = services_.ports.store.writer();
  follow_tables();
  bool more = false;
  if (const auto retired = writer.retire_journal()) more = *retired;
  else
    services_.ports.log.warning("history was not written", {{"message", retired.error().message}});
  if (const Status done = writer.checkpoint(); !done) {
    services_.ports.log.warning("a checkpoint failed", {{"message", done.error().message}});
  }
  if (more && !maintain_pending_) {
    maintain_pending_ = true;
    outside_.maintain_soon();
  }
  if (!more && !rest_pending_) {
    rest_pending_ = true;
    outside_.rest_later(kRestAfter, {commits_});
  }
}

void Committer::when_empty(const WhenEmpty& message) {
  if (waiting_.empty() && !ending()) message.work();
  else when_empty_.push_back(message.work);
}

void Committer::rest(const Rest& message) {
  if (ending()) return;
  rest_pending_ = message.commits != commits_;
  if (rest_pending_) return outside_.rest_later(kRestAfter, {commits_});
  services_.ports.store.writer().rest();
  for (const ReaderActor& reader : services_.readers) {
    caf::anon_send(reader, ReadJob{[](store::Reader& r) { r.rest(); }});
  }
}

void Committer::follow_tables() {
  const TimePoint now = services_.now();
  if (!looks_again_ && now - tables_followed_ < milliseconds(50)) return;
  looks_again_ = false;
  tables_followed_ = now;
  follow_covers();
  store::Writer& writer = services_.ports.store.writer();
  const std::vector<store::Pos> tables = writer.journal_tables();
  services_.ports.metrics.gauge("journal_tables").set(static_cast<double>(tables.size()));
  if (services_.publisher != nullptr) services_.publisher->bound(writer, tables);
  if (tables.size() < 2) return;
  const store::Pos target = tables[tables.size() - 2];
  if (target <= mark_ || !is_mark_due(tables.size())) return;
  if (target != coming_mark_) {
    // Every address before it has been drawn, but what was decided under some may still be on its
    // way here: it comes before a message that is sent now.
    coming_mark_ = target;
    looks_again_ = maintain_pending_ = true;
    return outside_.maintain_soon();
  }
  const cluster::SlotSet all = cluster::all_slots();
  ask_for_snapshots(all, target, SIZE_MAX);
  // What has not landed yet leaves no other trace: recovery could not find it later.
  if (std::min(marks_.oldest(all, target), waiting_.oldest(target)) < target) return;
  if (!writer.set_recovery_mark(target)) return;
  mark_ = target;
  bytes_at_mark_ = services_.ports.store.journal_bytes();
}

/// A table is full when another is begun, but in a cluster each epoch begins one as well: moving a
/// few slots must not make every open run write a snapshot.
bool Committer::is_mark_due(std::size_t tables) const {
  if (!services_.cluster || tables > kTablesAtMark) return true;
  return services_.ports.store.journal_bytes() - bytes_at_mark_ >= kBytesAtMark;
}

void Committer::ask_for_snapshots(const cluster::SlotSet& slots, store::Pos before,
                                  std::size_t most) {
  for (const auto& [entity, tenant] : marks_.behind(slots, before, most)) {
    caf::anon_send(caf::actor_cast<TenantActor>(tenant), SnapshotWanted{entity});
  }
}

void Committer::cover(const Cover& message) {
  covers_.push_back(message);
  follow_covers();
}

void Committer::follow_covers() {
  std::erase_if(covers_, [this](const Cover& cover) {
    // Each snapshot that lands brings the next look; all at once would hold everybody up.
    ask_for_snapshots(cover.slots, cover.pos, kSnapshotsAtOnce);
    if (marks_.oldest(cover.slots, cover.pos) < cover.pos) return false;
    cover.done();
    return true;
  });
}

}  // namespace troupe::actors
