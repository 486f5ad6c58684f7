#include "tests/simulation/disk.h"

#include <algorithm>

namespace troupe::simulation {

Disk::Disk(memory::Options options, bool shared, const SimClock& clock, Random& random,
           JournalWatch& watch)
    : options_(options), clock_(clock), random_(random), watch_(watch) {
  if (shared) cluster_ = std::make_unique<memory::Cluster>(options);
  outside_ = shared ? std::shared_ptr<memory::MemoryStore>(cluster_->open_store())
                    : std::make_shared<memory::MemoryStore>(options);
}

std::shared_ptr<memory::MemoryStore> Disk::open() {
  if (!shared()) return outside_;
  return cluster_->open_store();
}

store::ClusterView Disk::view() const {
  return shared() ? cluster_->view() : store::ClusterView{};
}

void Disk::pass(Duration time) {
  if (shared()) cluster_->advance(time);
}

Status Disk::land(memory::MemoryStore& through, store::NodeNumber by, const store::Batch& batch) {
  Status written = through.writer().commit(batch);
  if (!written && written.error().code == Code::kStaleEpoch) return written;
  if (!written) {
    watch_.complain("a batch cannot be written: " + written.error().message);
    return written;
  }
  if (shared()) check_writer(cluster_->view(), by, batch);
  watch_.landed(batch);
  for (const store::Frame& frame : batch.frames) trace(frame.bytes);
  return ok();
}

void Disk::check_writer(const store::ClusterView& view, store::NodeNumber by,
                        const store::Batch& batch) {
  const bool lives =
      std::any_of(view.members.begin(), view.members.end(),
                  [by](const store::Member& member) { return member.number == by; });
  const std::string node = "node " + std::to_string(by);
  if (!lives) watch_.complain("a batch of " + node + " has landed, which has been declared gone");
  const auto check = [&](RunId run, const char* what) {
    if (view.owners[cluster::slot_of(run)] == by) return;
    watch_.complain(std::string(what) + " of run " + run.to_string() + " was written by " + node +
                    ", which does not own it");
  };
  for (const store::Frame& frame : batch.frames) check(frame.entity, "a frame");
  for (const store::RunRow& row : batch.runs) check(row.id, "the row");
  for (const store::Snapshot& snapshot : batch.snapshots) check(snapshot.entity, "a snapshot");
  for (const RunId run : batch.snapshots_dropped) check(run, "the end");
}

void Disk::leave_in_flight(std::shared_ptr<memory::MemoryStore> through, store::NodeNumber by,
                           store::Batch batch) {
  in_flight_.emplace(by, InFlight{std::move(through), std::move(batch)});
}

void Disk::settle(store::NodeNumber by) {
  for (auto next = in_flight_.find(by); next != in_flight_.end(); next = in_flight_.find(by)) {
    const auto node = in_flight_.extract(next);
    if (random_.below(2) == 0) (void)land(*node.mapped().through, by, node.mapped().batch).ok();
  }
}

void Disk::settle_one() {
  if (!in_flight_.empty()) settle(in_flight_.begin()->first);
}

}  // namespace troupe::simulation
