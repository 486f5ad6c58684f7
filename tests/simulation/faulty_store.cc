#include "tests/simulation/faulty_store.h"

#include <algorithm>

#include "tests/simulation/faulty_reader.h"

namespace troupe::simulation {
namespace {

Error asked_for(Code code) { return {code, "a fault that the simulation asked for", {}}; }

}  // namespace

class FaultyStore::WriterImpl final : public store::Writer {
 public:
  explicit WriterImpl(FaultyStore& owner) : owner_(owner), disk_(owner.through_->writer()) {}

  Status commit(const store::Batch& batch) override { return owner_.commit(batch); }
  Result<bool> landed(store::Pos last) override {
    if (Status reached = owner_.reach(); !reached) return reached.error();
    owner_.disk_.settle(owner_.number_);
    owner_.unresolved_ = 0;
    return disk_.landed(last);
  }
  bool can_resolve() const override { return disk_.can_resolve(); }
  Result<std::uint64_t> next_epoch() override {
    if (Status reached = owner_.reach(); !reached) return reached.error();
    return disk_.next_epoch();
  }
  std::vector<store::Pos> journal_tables() const override { return disk_.journal_tables(); }
  Status set_recovery_mark(store::Pos mark) override {
    if (Status reached = owner_.reach(); !reached) return reached;
    return disk_.set_recovery_mark(mark);
  }
  Status set_publish_mark(store::Pos mark) override {
    if (Status reached = owner_.reach(); !reached) return reached;
    return disk_.set_publish_mark(mark);
  }
  store::Pos publish_mark() const override { return disk_.publish_mark(); }
  Result<std::vector<store::Unpublished>> claim_unpublished() override {
    if (Status reached = owner_.reach(); !reached) return reached.error();
    return disk_.claim_unpublished();
  }
  Status set_publish_mark_of(store::NodeNumber node, store::Pos mark) override {
    if (Status reached = owner_.reach(); !reached) return reached;
    return disk_.set_publish_mark_of(node, mark);
  }
  Result<bool> retire_journal() override {
    if (Status reached = owner_.reach(); !reached) return reached.error();
    return disk_.retire_journal();
  }
  Result<bool> expire(TimePoint now) override {
    if (Status reached = owner_.reach(); !reached) return reached.error();
    return disk_.expire(now);
  }
  Status checkpoint() override { return ok(); }
  Result<store::Workspace> create_workspace(const store::Workspace& row) override {
    return disk_.create_workspace(row);
  }
  Result<store::Project> create_project(const store::Project& row) override {
    return disk_.create_project(row);
  }
  Result<store::Workflow> create_workflow(const store::Workflow& row,
                                          const store::Along& along) override {
    return disk_.create_workflow(row, along);
  }
  Result<store::Workflow> update_workflow(const store::Workflow& row,
                                          std::uint64_t etag,
                                          const store::Along& along) override {
    return disk_.update_workflow(row, etag, along);
  }
  Result<store::Version> publish(const store::TenantScope& scope,
                                 const store::Version& version,
                                 const store::Along& along) override {
    return disk_.publish(scope, version, along);
  }
  Status change(const std::vector<Uuid>& locks, TimePoint now,
                const store::Decide& decide) override {
    return disk_.change(locks, now, decide);
  }

 private:
  FaultyStore& owner_;
  store::Writer& disk_;
};

class FaultyStore::ReaderImpl final : public FaultyReader {
 public:
  explicit ReaderImpl(const FaultyStore& owner)
      : FaultyReader(owner.through_->open_reader()), owner_(owner) {}

 private:
  Status reach() const override { return owner_.reach(); }
  const FaultyStore& owner_;
};

/// Whoever declares a node gone waits for its commits; nobody knows what came of a call that was
/// not answered.
class FaultyStore::MembershipImpl final : public store::Membership {
 public:
  explicit MembershipImpl(FaultyStore& owner) : owner_(owner) {}

  Result<store::NodeNumber> join(const store::Joining& joining) override {
    if (Status reached = owner_.reach(); !reached) return reached.error();
    for (const store::Member& member : owner_.disk_.view().members) {
      if (member.name == joining.name) owner_.disk_.settle(member.number);
    }
    auto number = owner_.membership_->join(joining);
    if (!number) return number;
    owner_.number_ = *number;
    owner_.disk_.note(joining.name + " is node " + std::to_string(*number));
    return number;
  }
  Result<store::ClusterView> renew(std::uint64_t known) override {
    if (Status reached = owner_.reach(); !reached) return reached.error();
    auto view = owner_.membership_->renew(known);
    if (is_lost()) return asked_for(Code::kUnavailable);
    return view;
  }
  Status take_over(store::NodeNumber gone, const std::vector<store::NodeNumber>& plan,
                   std::uint64_t version) override {
    return told("takes over from " + std::to_string(gone), [&] {
      owner_.disk_.settle(gone);
      const Status taken = owner_.membership_->take_over(gone, plan, version);
      if (taken) owner_.disk_.declared_gone();
      return taken;
    });
  }
  Status give(const cluster::SlotSet& slots, store::NodeNumber to) override {
    const std::string what =
        "gives " + std::to_string(slots.count()) + " slots to " + std::to_string(to);
    return told(what, [&] { return owner_.membership_->give(slots, to); });
  }
  Status settle(const cluster::SlotSet& slots) override {
    return told("settles", [&] { return owner_.membership_->settle(slots); });
  }
  Status drain() override {
    return told("drains", [&] { return owner_.membership_->drain(); });
  }
  Status leave() override {
    return told("leaves", [&] { return owner_.membership_->leave(); });
  }

 private:
  bool is_lost() const { return owner_.faults && owner_.random_.below(100) < 2; }
  template <class Call>
  Status told(const std::string& what, Call call) {
    if (Status reached = owner_.reach(); !reached) return reached;
    const Status done = call();
    owner_.disk_.note("node " + std::to_string(owner_.number_) + " " + what +
                      (done ? "" : ": " + done.error().message));
    if (is_lost()) return asked_for(Code::kUnavailable);
    return done;
  }
  FaultyStore& owner_;
};

FaultyStore::FaultyStore(Disk& disk, Random& random, JournalWatch& watch)
    : disk_(disk),
      random_(random),
      watch_(watch),
      through_(disk.open()),
      writer_(std::make_unique<WriterImpl>(*this)) {}
FaultyStore::~FaultyStore() = default;

store::Writer& FaultyStore::writer() { return *writer_; }

std::unique_ptr<store::Reader> FaultyStore::open_reader() {
  if (!disk_.shared()) return through_->open_reader();
  return std::make_unique<ReaderImpl>(*this);
}

std::unique_ptr<store::Membership> FaultyStore::open_membership() {
  membership_ = through_->open_membership();
  if (membership_ == nullptr) return nullptr;
  return std::make_unique<MembershipImpl>(*this);
}

void FaultyStore::leave() {
  disk_.settle(number_);
  if (membership_ != nullptr) (void)membership_->leave().ok();
}

Status FaultyStore::reach() const {
  if (!disk_.shared()) return ok();
  const bool out = disk_.out_of_reach() || disk_.now() < out_of_reach_until;
  if (dead || out) return asked_for(Code::kUnavailable);
  return ok();
}

Status FaultyStore::commit(const store::Batch& batch) {
  if (outcome_unknown || unresolved_ != 0) {
    watch_.complain("a commit follows one whose outcome is unknown");
  }
  if (dead) return asked_for(code_);
  if (Status reached = reach(); !reached) return reached;
  disk_.settle(number_);
  if (crash_in_commit) {
    crash_in_commit = false;
    dead = true;
    if (random_.below(2) == 0) return asked_for(code_);
    if (disk_.shared() && random_.below(2) == 0) return unknown(batch);
  } else if (faults) {
    if (failing_ == 0 && random_.below(100) < 4) {
      failing_ = static_cast<int>(1 + random_.below(8));
      code_ = random_.below(2) == 0 ? Code::kStorageFull : Code::kUnavailable;
    }
    if (failing_ > 0) {
      --failing_;
      return asked_for(code_);
    }
    if (random_.below(100) < 1) return unknown(batch);
    if (random_.below(100) < 5) {
      if (random_.below(2) == 0) {
        take_long();
      } else {
        Status landed = disk_.land(*through_, number_, batch);
        take_long();
        return landed;
      }
    }
  }
  return disk_.land(*through_, number_, batch);
}

Status FaultyStore::unknown(const store::Batch& batch) {
  if (disk_.shared()) {
    for (const store::Frame& frame : batch.frames) unresolved_ = std::max(unresolved_, frame.pos);
    disk_.leave_in_flight(through_, number_, batch);
  } else {
    outcome_unknown = true;
    if (random_.below(2) == 0) (void)disk_.land(*through_, number_, batch).ok();
  }
  return asked_for(Code::kOutcomeUnknown);
}

}  // namespace troupe::simulation
