#pragma once

#include <deque>
#include <map>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "actors/messages.h"
#include "actors/node/services.h"

namespace troupe::actors {

/// The logic of a tenant actor. Owned by one actor; not thread-safe.
class Tenant {
 public:
  /// What the actor around it does on its behalf.
  struct Outside {
    /// Spawns and monitors.
    std::function<RunActor(std::shared_ptr<run::State>, Origin)> spawn;
    std::function<void(Duration, Reload)> later;
    std::function<TenantActor()> self;
  };
  Tenant(Services& services, WorkspaceId workspace, Outside outside);
  ~Tenant();

  void start(const StartRun& message);
  void start_all(const StartRuns& message);
  void start_made(const StartMade& message);
  void start_group(const StartGroup& message);
  void route(const ToRun& message);
  void loaded(const Loaded& message);
  void exists(const Exists& message);
  void enqueue(const Enqueue& message);
  void asleep(const Asleep& message);
  void reload(const Reload& message);
  void timer(const TimerFired& message);
  void child(const ChildWanted& message);
  void snapshot_wanted(RunId run);
  void quarantine(const QuarantineRun& message);
  void set_aside(const SetAside& message);
  void relinquish(const Relinquish& message);
  void handed_over(const HandedOver& message);
  void bulk_ended(std::uint64_t generation);
  void down(const caf::actor_addr& actor, const caf::error& reason);

 private:
  using Message = std::variant<Ask, Look>;
  enum class Phase : std::uint8_t {
    kQueued, kActive, kLoading, kSettingAside, kQuarantined, kLayingDown
  };
  struct Entry {
    Phase phase = Phase::kLoading;
    bool in_queue = false;      ///< a turn in `queue_` is still to come
    bool holds_turn = false;    ///< counts against the active runs
    ProjectId project;          ///< unset: not known yet, or not to be read
    std::uint64_t delivered = 0;
    std::uint64_t load = 0;  ///< the one that counts, while kLoading
    RunActor actor;
    std::shared_ptr<run::State> state;  ///< while kQueued
    Origin origin = Origin::kNew;       ///< of `state`
    std::vector<std::pair<store::TenantScope, Message>> pending;  ///< while kLoading
    std::string why;                                              ///< while kQuarantined
  };
  struct Making {
    std::shared_ptr<const Published> published;
    std::shared_ptr<run::record::RunCreated> spec;
    Callback<Started> done;
  };

  struct Move {
    Relinquish order;
    std::uint64_t generation = 0;  ///< groups begun before it count
    std::unordered_set<RunId> left;
  };

  static Error moved();
  void let_go(RunId run);
  void lay_down(RunId run, Entry& entry);
  /// It is not in memory any more.
  void gone(RunId run);
  void tell_relinquished();
  void loaded_too_late(const Loaded& message, Entry& entry,
                       const std::vector<std::pair<store::TenantScope, Message>>& pending);
  Status make_one_of(const StartRuns& bulk);
  void submit_all(const StartRuns& bulk);
  void make(RunId run, const Making& making);
  void make_unless_exists(RunId run, Making making);
  void answer_existing(const store::RunRow& row, const Making& making);
  /// `first`, if there is one, is told before the run goes on with what it had under way.
  Entry& activate(RunId run, Entry& entry, const Message* first = nullptr);
  void take_turns();
  void hold_turn(Entry& entry);
  void give_turn(Entry& entry);
  void begin(RunId run);
  void wake(RunId run);
  void deliver(RunId run, Entry& entry, const store::TenantScope& scope, const Message& message);
  bool sees(const store::TenantScope& scope, const Entry& entry) const;
  void forward(Entry& entry, const Message& message);
  void load(RunId run, Origin origin);
  /// Reads the run and tells this tenant; what an earlier one reads counts no more.
  std::function<void(store::Reader&)> loader(RunId run, Origin origin);
  /// On a reader's thread, after everything submitted so far has landed. The run's actor has ended.
  void behind_submitted(RunId run, std::function<void(store::Reader&)> work);
  void write_aside(RunId run, const std::string& why);
  void answer_ended(const store::RunRow& row, const store::TenantScope& scope,
                    const Message& message);
  void look_aside(RunId run, const store::TenantScope& scope, const Look& look);
  void erase(RunId run);
  static void refuse(const Message& message, const Error& error);

  Services& services_;
  const WorkspaceId workspace_;
  Outside outside_;
  std::unordered_map<RunId, Entry> runs_;
  std::unordered_map<caf::actor_addr, RunId> by_actor_;
  std::deque<RunId> queue_;  ///< accepted and not begun
  std::deque<RunId> due_;    ///< asleep, their timer is due
  bool due_is_next_ = false;
  std::uint64_t loads_ = 0;
  std::size_t turns_ = 0;  ///< run actors that hold a turn
  std::unordered_map<RunId, std::vector<Making>> making_;  ///< asked the store whether they exist
  std::unordered_map<RunId, int> crashes_;
  std::vector<Move> moves_;                ///< slots that are being laid down
  std::uint64_t generation_ = 0;           ///< grows with each of them
  std::map<std::uint64_t, int> bulks_;     ///< groups of new runs under way, by generation
};

}  // namespace troupe::actors
