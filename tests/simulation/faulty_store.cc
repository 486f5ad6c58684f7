#include "tests/simulation/faulty_store.h"

namespace troupe::simulation {

class FaultyStore::WriterImpl final : public store::Writer {
 public:
  explicit WriterImpl(FaultyStore& owner) : owner_(owner), disk_(owner.disk_.writer()) {}

  Status commit(const store::Batch& batch) override { return owner_.commit(batch); }
  Result<bool> landed(store::Pos last) override { return disk_.landed(last); }
  /// As SQLite: only a new process knows.
  bool can_resolve() const override { return false; }
  Result<std::uint64_t> next_epoch() override { return disk_.next_epoch(); }
  std::vector<store::Pos> journal_tables() const override { return disk_.journal_tables(); }
  Status set_recovery_mark(store::Pos mark) override { return disk_.set_recovery_mark(mark); }
  Result<bool> retire_journal() override { return disk_.retire_journal(); }
  Status checkpoint() override { return ok(); }
  Result<store::Workspace> create_workspace(const store::Workspace& row) override {
    return disk_.create_workspace(row);
  }
  Result<store::Project> create_project(const store::Project& row) override {
    return disk_.create_project(row);
  }
  Result<store::Workflow> create_workflow(const store::Workflow& row) override {
    return disk_.create_workflow(row);
  }
  Result<store::Workflow> update_workflow(const store::Workflow& row,
                                          std::uint64_t etag) override {
    return disk_.update_workflow(row, etag);
  }
  Result<store::Version> publish(const store::TenantScope& scope,
                                 const store::Version& version) override {
    return disk_.publish(scope, version);
  }

 private:
  FaultyStore& owner_;
  store::Writer& disk_;
};

FaultyStore::FaultyStore(memory::Options options, Random& random, JournalWatch& watch)
    : disk_(options),
      random_(random),
      watch_(watch),
      writer_(std::make_unique<WriterImpl>(*this)) {}
FaultyStore::~FaultyStore() = default;

store::Writer& FaultyStore::writer() { return *writer_; }

Status FaultyStore::commit(const store::Batch& batch) {
  const Error refused{code_, "a fault that the simulation asked for", {}};
  if (outcome_unknown) watch_.complain("a commit follows one whose outcome is unknown");
  if (dead) return refused;
  if (crash_in_commit) {
    crash_in_commit = false;
    dead = true;
    if (random_.below(2) == 0) return refused;
  } else if (faults) {
    if (failing_ == 0 && random_.below(100) < 4) {
      failing_ = static_cast<int>(1 + random_.below(8));
      code_ = random_.below(2) == 0 ? Code::kStorageFull : Code::kUnavailable;
    }
    if (failing_ > 0) {
      --failing_;
      return Error{code_, "a fault that the simulation asked for", {}};
    }
    if (random_.below(100) < 1) {
      outcome_unknown = true;
      if (random_.below(2) == 0) (void)land(batch).ok();
      return Error{Code::kOutcomeUnknown, "a fault that the simulation asked for", {}};
    }
    if (random_.below(100) < 5) take_long();
  }
  return land(batch);
}

Status FaultyStore::land(const store::Batch& batch) {
  if (Status written = disk_.writer().commit(batch); !written) {
    watch_.complain("a batch cannot be written: " + written.error().message);
    return written;
  }
  watch_.landed(batch);
  for (const store::Frame& frame : batch.frames) trace(frame.bytes);
  return ok();
}

}  // namespace troupe::simulation
