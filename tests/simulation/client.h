#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulation/world.h"

namespace troupe::simulation {

/// One start as the client knows it.
struct Start {
  int program = 0;
  std::int64_t n = 0;   ///< in its input; no two starts share it, except a retry and its origin
  std::string key;      ///< idempotency key, or empty
  bool accepted = false, refused = false, unknown = false;
  RunId run;
  std::int32_t least_version = -1;  ///< published, and acknowledged, before it was asked for
  bool retried = false;       ///< made by retry
  bool may_be_stopped = false, is_stopped = false;
};

/// Events of one run as a follower has seen them.
struct Follower {
  RunId run;
  std::map<std::uint64_t, std::string> seen;
  std::uint64_t after = 0;
  std::unique_ptr<Feed> feed;
  int life = 0;  ///< of the node that `feed` is one of
  bool ended = false;
};

/// Everybody outside the nodes: starts runs, answers tasks, sends events, pauses, stops, retries
/// and follows, each time at a node that chance picks. It lives through the nodes' crashes and
/// knows what it was told; what an answer says must be durable when it comes.
class Client {
 public:
  explicit Client(World& world) : world_(world) {}

  void begin();          ///< plans all starts
  void node_started();           ///< a new life: opens feeds again
  void node_crashing(int life);  ///< before the node goes: its feeds end
  void node_crashed(int life);   ///< calls without an answer are lost
  void rest() { resting_ = true; }  ///< looks for nothing more to do
  /// Nothing more to ask, and every run that the store knows has ended.
  bool satisfied() const;
  std::string unfinished() const;

  const std::vector<Start>& starts() const { return starts_; }
  const std::map<RunId, std::size_t>& accepted() const { return by_run_; }
  const std::vector<std::unique_ptr<Follower>>& followers() const { return followers_; }
  const std::map<std::pair<std::string, std::uint64_t>, std::string>& scope_events() const {
    return scope_seen_;
  }

 private:
  static constexpr Duration kPatience = seconds(120);

  struct Call {
    int life = 0;  ///< of the node that was asked
    std::string what;
    std::function<void()> lost;  ///< the process died, or its run's actor: nobody knows
  };
  template <class T>
  Callback<T> call(const SimNode& asked, std::string what, std::function<void(Result<T>)> answered,
                   std::function<void()> lost);
  void overdue(std::uint64_t call);
  std::string at_rest(RunId id) const;
  bool transient(Code code) const;
  bool passing(Code code) const;

  void publish(int program);
  void plan_start(int program, bool keyed, Duration delay);
  void send_start(std::size_t at);
  void send_batch(std::vector<std::size_t> group);
  StartRequest request_of(const Start& start) const;
  void started(std::size_t at, const Result<troupe::Started>& answer);
  void accepted(std::size_t at, RunId run);
  void refused(std::size_t at);
  void plan_for(std::size_t at);
  void conflicting_key(std::size_t at);

  void pause(std::size_t at);
  void resume(std::size_t at);
  void revive(RunId run);
  void stop(std::size_t at, bool graceful);
  void retry(std::size_t at);
  void look(RunId run);
  void look_from_elsewhere(RunId run);

  void poll();
  std::optional<TaskAnswer> answer_to(const store::TaskRow& row);
  void answer_task(const store::TaskRow& row);
  void send_event(RunId run, int program, int step);
  void follow(RunId run);
  void open(Follower& follower);
  void pull(Follower& follower);
  void take(Follower& follower, const FeedPage& page);
  void open_scope();
  void pull_scope();

  World& world_;
  std::vector<Start> starts_;
  std::map<RunId, std::size_t> by_run_;
  std::map<std::uint64_t, Call> calls_;
  std::set<std::uint64_t> answered_;
  std::uint64_t next_call_ = 1;
  std::int64_t next_n_ = 1;
  std::size_t to_send_ = 0;  ///< starts that wait for their time
  std::map<int, std::int32_t> published_;  ///< version by program, as acknowledged
  std::set<TaskId> tasks_in_hand_, tasks_answered_;
  std::set<std::pair<RunId, std::string>> events_sent_;
  std::set<RunId> retried_, in_revival_;
  std::vector<std::unique_ptr<Follower>> followers_;
  std::unique_ptr<Feed> scope_feed_;
  int scope_life_ = 0;
  bool resting_ = false;
  std::map<std::pair<std::string, std::uint64_t>, std::string> scope_seen_;
};

template <class T>
Callback<T> Client::call(const SimNode& asked, std::string what,
                         std::function<void(Result<T>)> answered, std::function<void()> lost) {
  const std::uint64_t id = next_call_++;
  world_.note("call " + std::to_string(id) + " " + what);
  calls_[id] = {asked.life, std::move(what), lost};
  world_.later(kPatience, [this, id] { overdue(id); });
  return [this, id, life = asked.life, answered = std::move(answered),
          lost = std::move(lost)](Result<T> result) {
    const SimNode* const node = world_.find(life);
    if (node == nullptr) return;  // the process died before this left it
    // What hangs on a commit whose outcome is unknown gets no answer, neither yes nor no.
    const bool definite = result || result.error().code != Code::kOutcomeUnknown;
    if (definite && node->store.outcome_unknown) {
      world_.complain("an answer behind a commit whose outcome is unknown");
    }
    if (answered_.count(id) > 0) {
      return world_.complain("call " + std::to_string(id) + " was answered twice");
    }
    if (calls_.erase(id) == 0) return;
    answered_.insert(id);
    world_.note("answer " + std::to_string(id) + " " +
                (result ? "ok" : std::string(info(result.error().code).name)));
    // Its actor crashed over the question, or was refused with it: nobody knows what came of it.
    if (!result && result.error().code == Code::kOutcomeUnknown) return lost();
    answered(std::move(result));
  };
}

}  // namespace troupe::simulation
