#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "runtime/port/engine.h"
#include "runtime/run/decide.h"

// What nodes say to each other, as bytes. Nodes of one cluster may be of different versions while
// it is being upgraded: a message starts with its version, and what is not understood is refused
// as unavailable, so that the caller tries again.

namespace troupe::cluster {

/// What a read of a run sees: durable facts only.
struct RunLook {
  store::RunRow row;
  store::Pos head = 0;
  std::uint64_t seq = 0;
  std::shared_ptr<const graph::Graph> graph;  ///< does not travel: each node has its own
  std::string snapshot;                       ///< only if the state was asked for
};

/// What a caller learns when its event has been decided and is durable.
struct Answered {
  store::RunRow row;
  TaskDecided task;
  bool consumed = true;
};

}  // namespace troupe::cluster

namespace troupe::cluster::wire {

struct AskCall { RunId run; store::TenantScope scope; run::Event event; };
struct LookCall { RunId run; store::TenantScope scope; bool with_state = false; };
struct StartCall { StartRequest request; };
/// Slots have moved, or are about to.
struct LookAroundCall {};
/// The sender's readers want to hear of this run (or not any more).
struct WatchCall { RunId run; store::NodeNumber viewer = 0; };
/// Of a run that the receiver watches.
struct NewsCall {
  RunId run;
  store::Pos head = 0;
  std::uint64_t seq = 0;
  bool ended = false;
  std::vector<LiveEvent> live;
};
/// The sender's readers want to hear what happens in a scope from now on.
struct WatchScopeCall {
  store::NodeNumber viewer = 0;
  std::uint64_t watch = 0;  ///< the viewer's number for it
  WorkspaceId workspace;
  std::optional<ProjectId> project;
  std::optional<WorkflowId> workflow;
};
struct ScopeNewsCall { std::uint64_t watch = 0; std::vector<LiveEvent> events; };

/// Give away what you own.
struct DrainCall {};
/// Start a group of a for_each unless it exists; `spec` is its encoded record::RunCreated. Large
/// values go by reference: its parent has stored them.
struct GroupCall { RunId run; std::string spec; };
/// What the receiver remembers of these workflows may be wrong.
struct ChangedCall { std::vector<WorkflowId> workflows; };
/// Makes a run of a key that the receiver owns.
struct RetryCall { store::TenantScope scope; RetryRequest request; };

using Call = std::variant<AskCall, LookCall, StartCall, LookAroundCall, WatchCall, NewsCall,
                          WatchScopeCall, ScopeNewsCall, DrainCall, GroupCall,
                          ChangedCall, RetryCall>;

/// Whether an event may be sent to a run of another node: those that people and programs outside
/// cause, and those between a run and its groups. The others stay among runs of one slot.
bool may_travel(const run::Event& event);

std::string encode(const Call& call);
Result<Call> decode(std::string_view bytes);

/// The receiver is not (or not any more, or not yet) the owner: nothing was done.
std::string encode_moved();
std::string encode(const Hasher& hasher, const Result<Answered>& answer);
std::string encode(const Hasher& hasher, const Result<RunLook>& answer);
std::string encode(const Hasher& hasher, const Result<Started>& answer);
std::string encode(const Hasher& hasher, const Result<Unit>& answer);

/// Nothing: moved. Defined for Answered, RunLook (without its graph), Started and Unit.
template <class T>
std::optional<Result<T>> decode_answer(const Hasher& hasher, std::string_view bytes);

}  // namespace troupe::cluster::wire
