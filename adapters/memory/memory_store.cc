#include "adapters/memory/memory_store.h"

#include <algorithm>

#include "adapters/memory/memory_membership.h"
#include "adapters/memory/memory_writer.h"
#include "runtime/port/catalog.h"

namespace troupe::memory {

using namespace store;

MemoryStore::MemoryStore(Options options) : MemoryStore(options, std::make_shared<Disk>()) {}
MemoryStore::MemoryStore(Options options, std::shared_ptr<Disk> disk)
    : options_(options),
      disk_(std::move(disk)),
      mutex_(disk_->mutex),
      state_(disk_->state),
      writer_(std::make_unique<WriterImpl>(*this)) {}
MemoryStore::~MemoryStore() = default;

Writer& MemoryStore::writer() { return *writer_; }
std::unique_ptr<Reader> MemoryStore::open_reader() { return std::make_unique<ReaderImpl>(*this); }
std::unique_ptr<Membership> MemoryStore::open_membership() {
  if (!state_.is_shared) return nullptr;
  return std::make_unique<MembershipImpl>(*this);
}
StoreInfo MemoryStore::info() const { return {"memory", "1", "not durable"}; }

std::uint64_t MemoryStore::journal_bytes() const {
  const std::scoped_lock lock(mutex_);
  return state_.journal_bytes;
}

void MemoryStore::fail_commits(Code code, bool applied, int count) {
  const std::scoped_lock lock(mutex_);
  for (int i = 0; i < count; ++i) faults_.push_back({code, applied});
}

void MemoryStore::damage(RunId run, Damage damage) {
  const std::scoped_lock lock(mutex_);
  damaged_[run] = damage;
}

bool MemoryStore::is_damaged(RunId run, bool Damage::* part) const {
  const auto found = damaged_.find(run);
  return found != damaged_.end() && found->second.*part;
}

Snapshot MemoryStore::readable(const Snapshot& snapshot) const {
  if (!is_damaged(snapshot.entity, &Damage::snapshot)) return snapshot;
  Snapshot rest;
  rest.entity = snapshot.entity;
  rest.wake_at = snapshot.wake_at;
  rest.runnable = snapshot.runnable;
  rest.damaged = true;
  return rest;
}

bool MemoryStore::touches_damage(const Batch& batch) const {
  const auto hit = [this](RunId run) { return is_damaged(run, &Damage::commits); };
  return std::any_of(batch.frames.begin(), batch.frames.end(),
                     [&](const Frame& frame) { return hit(frame.entity); }) ||
         std::any_of(batch.runs.begin(), batch.runs.end(),
                     [&](const RunRow& row) { return hit(row.id); }) ||
         std::any_of(batch.snapshots.begin(), batch.snapshots.end(),
                     [&](const Snapshot& snapshot) { return hit(snapshot.entity); });
}

void MemoryStore::hold_commits() {
  const std::scoped_lock lock(mutex_);
  holding_ = true;
  passes_ = 0;
}

void MemoryStore::release_commits(int count) {
  const std::scoped_lock lock(mutex_);
  passes_ += count;
  changed_.notify_all();
}

void MemoryStore::release_commits() {
  const std::scoped_lock lock(mutex_);
  holding_ = false;
  changed_.notify_all();
}

void MemoryStore::wait_until_held() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_ > 0; });
}

void MemoryStore::crash() {
  const std::scoped_lock lock(mutex_);
  ++generation_;
  faults_.clear();
  holding_ = false;
  changed_.notify_all();
}

std::unique_ptr<MemoryStore> MemoryStore::clone() const {
  auto copy = std::make_unique<MemoryStore>(options_);
  const std::scoped_lock lock(mutex_);
  copy->state_ = state_;
  return copy;
}

Status MemoryStore::commit(const Batch& batch) {
  std::unique_lock lock(mutex_);
  const std::uint64_t generation = generation_;
  if (holding_) {
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock,
                  [&] { return generation != generation_ || !holding_ || passes_ > 0; });
    --waiting_;
    if (generation != generation_) return Error{Code::kUnavailable, "The store crashed.", {}};
    if (holding_) --passes_;
  }
  if (touches_damage(batch)) return Error{Code::kCorrupt, "A page is damaged.", {}};
  if (faults_.empty()) return state_.apply(node_, batch, options_.journal_table_bytes);
  const Fault fault = faults_.front();
  faults_.pop_front();
  if (fault.applied) {
    const Status applied = state_.apply(node_, batch, options_.journal_table_bytes);
    if (!applied) return applied;
  }
  return Error{fault.code, "A fault that the test asked for.", {}};
}

Result<bool> MemoryStore::WriterImpl::landed(Pos last) {
  const std::scoped_lock lock(owner_.mutex_);
  if (Status live = owner_.state_.fence(owner_.node_); !live) return live.error();
  return owner_.state_.journal.contains(last);
}

Result<std::uint64_t> MemoryStore::WriterImpl::next_epoch() {
  const std::scoped_lock lock(owner_.mutex_);
  if (Status live = owner_.state_.fence(owner_.node_); !live) return live.error();
  return owner_.state_.begin_epoch(owner_.node_);
}

bool MemoryStore::WriterImpl::can_resolve() const { return owner_.options_.can_resolve; }

std::vector<Pos> MemoryStore::WriterImpl::journal_tables() const {
  const std::scoped_lock lock(owner_.mutex_);
  return owner_.state_.journal_of(owner_.node_).tables;
}

Status MemoryStore::WriterImpl::set_recovery_mark(Pos mark) {
  const std::scoped_lock lock(owner_.mutex_);
  if (Status live = owner_.state_.fence(owner_.node_); !live) return live;
  Journal& own = owner_.state_.journal_of(owner_.node_);
  own.mark = std::max(own.mark, mark);
  return ok();
}

Status MemoryStore::WriterImpl::set_publish_mark(Pos mark) {
  const std::scoped_lock lock(owner_.mutex_);
  if (Status live = owner_.state_.fence(owner_.node_); !live) return live;
  owner_.state_.journal_of(owner_.node_).publish_mark = mark;
  return ok();
}

Pos MemoryStore::WriterImpl::publish_mark() const {
  const std::scoped_lock lock(owner_.mutex_);
  return owner_.state_.journal_of(owner_.node_).publish_mark;
}

Result<std::vector<Unpublished>> MemoryStore::WriterImpl::claim_unpublished() {
  const std::scoped_lock lock(owner_.mutex_);
  if (Status live = owner_.state_.fence(owner_.node_); !live) return live.error();
  const Nodes& nodes = owner_.state_.nodes;
  std::vector<Unpublished> claimed;
  for (auto& [node, journal] : owner_.state_.nodes.journals) {
    const bool is_left = owner_.state_.is_shared && journal.publish_mark != 0 &&
                         !nodes.is_member(node) && !(journal.publisher != owner_.node_ &&
                                                     nodes.is_member(journal.publisher));
    if (!is_left) continue;
    journal.publisher = owner_.node_;
    claimed.push_back({node, journal.publish_mark});
  }
  return claimed;
}

Status MemoryStore::WriterImpl::set_publish_mark_of(NodeNumber node, Pos mark) {
  const std::scoped_lock lock(owner_.mutex_);
  if (Status live = owner_.state_.fence(owner_.node_); !live) return live;
  const auto journal = owner_.state_.nodes.journals.find(node);
  // Nobody else's, should another node have claimed it since.
  const bool is_claimed = journal != owner_.state_.nodes.journals.end() &&
                          journal->second.publisher == owner_.node_;
  if (is_claimed) journal->second.publish_mark = mark;
  return ok();
}

Result<bool> MemoryStore::WriterImpl::retire_journal() {
  const std::scoped_lock lock(owner_.mutex_);
  if (Status live = owner_.state_.fence(owner_.node_); !live) return live.error();
  return owner_.state_.retire(owner_.node_, owner_.options_.journal_tables_kept);
}

Result<bool> MemoryStore::WriterImpl::expire(TimePoint now) {
  const std::scoped_lock lock(owner_.mutex_);
  if (Status live = owner_.state_.fence(owner_.node_); !live) return live.error();
  return owner_.state_.expire(now);
}

Result<Workspace> MemoryStore::WriterImpl::create_workspace(const Workspace& workspace) {
  const std::scoped_lock lock(owner_.mutex_);
  if (Status live = owner_.state_.fence(owner_.node_); !live) return live.error();
  auto& all = owner_.state_.workspaces;
  for (const auto& [id, other] : all) {
    if (id == workspace.id || other.slug == workspace.slug) {
      return Error{Code::kConflict, kWorkspaceTaken, {}};
    }
  }
  all.emplace(workspace.id, workspace);
  return workspace;
}

Result<Project> MemoryStore::WriterImpl::create_project(const Project& project) {
  const std::scoped_lock lock(owner_.mutex_);
  if (Status live = owner_.state_.fence(owner_.node_); !live) return live.error();
  auto& all = owner_.state_.projects;
  for (const auto& [id, other] : all) {
    if (id == project.id ||
        (other.workspace == project.workspace && other.slug == project.slug)) {
      return Error{Code::kConflict, kProjectTaken, {}};
    }
  }
  all.emplace(project.id, project);
  return project;
}

Result<Workflow> MemoryStore::WriterImpl::create_workflow(const Workflow& workflow,
                                                          const Along& along) {
  const std::scoped_lock lock(owner_.mutex_);
  if (Status live = owner_.state_.fence(owner_.node_); !live) return live.error();
  if (Status may = owner_.state_.documents.check(along); !may) return may.error();
  const Workflow row = first_draft(workflow);
  if (!owner_.state_.workflows.emplace(row.id, row).second) {
    return Error{Code::kConflict, kWorkflowTaken, {}};
  }
  owner_.state_.documents.apply(along);
  return row;
}

Result<Workflow> MemoryStore::WriterImpl::update_workflow(const Workflow& workflow,
                                                          std::uint64_t expected_etag,
                                                          const Along& along) {
  const std::scoped_lock lock(owner_.mutex_);
  if (Status live = owner_.state_.fence(owner_.node_); !live) return live.error();
  if (Status may = owner_.state_.documents.check(along); !may) return may.error();
  const auto it = owner_.state_.workflows.find(workflow.id);
  if (it == owner_.state_.workflows.end()) return no_workflow();
  auto row = changed_draft(it->second, workflow, expected_etag);
  if (!row) return row;
  it->second = *row;
  owner_.state_.documents.apply(along);
  ++owner_.state_.nodes.catalog;
  return row;
}

Result<Version> MemoryStore::WriterImpl::publish(const TenantScope& scope,
                                                 const Version& version,
                                                 const Along& along) {
  const std::scoped_lock lock(owner_.mutex_);
  if (Status live = owner_.state_.fence(owner_.node_); !live) return live.error();
  if (Status may = owner_.state_.documents.check(along); !may) return may.error();
  const auto it = owner_.state_.workflows.find(version.workflow);
  if (it == owner_.state_.workflows.end()) return no_workflow();
  auto row = next_version(scope, it->second, version);
  if (!row) return row;
  owner_.state_.versions.emplace(std::pair(row->workflow, row->version), *row);
  owner_.state_.documents.apply(along, row->version);
  ++owner_.state_.nodes.catalog;
  return row;
}

Status MemoryStore::WriterImpl::change(const std::vector<Uuid>&, TimePoint now,
                                       const Decide& decide) {
  const std::scoped_lock lock(owner_.mutex_);
  if (Status live = owner_.state_.fence(owner_.node_); !live) return live;
  StateDocuments documents(owner_.state_, DocumentScope::all());
  const Result<Change> change = decide(documents);
  if (!change) return change.error();
  return owner_.state_.apply(*change, now);
}

}  // namespace troupe::memory
