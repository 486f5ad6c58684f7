#pragma once

#include <functional>
#include <memory>
#include <string>

#include "actors/cluster/asked_once.h"
#include "actors/cluster/remote_feeds.h"
#include "runtime/cluster/wire.h"
#include "actors/node/services.h"

namespace troupe::actors {

/// A call for whoever owns an entity, and what becomes of it.
struct RemoteCall {
  Uuid entity;
  std::string body;
  bool may_repeat = false;      ///< doing it twice does no harm
  Duration give_up_at;          ///< since boot
  std::function<void()> here;   ///< if this node turns out to be the owner
  Bus::Answer done;
  std::shared_ptr<void> counted;  ///< while it waits
};
struct CallAgain { std::shared_ptr<RemoteCall> call; };
struct AskFeedsAgain {};
using RouterActor =
    caf::typed_actor<caf::reacts_to<CallAgain>, caf::reacts_to<AskFeedsAgain>>;

/// Takes calls to the nodes that own the runs they are about, and answers those of other nodes.
/// While a slot is on its way from one owner to the next, its calls wait here and are tried again;
/// what has been sent to an owner that does not answer is tried again only if that does no harm,
/// and a copy of what comes in is not done again. Thread-safe; lives as long as the node's actors.
class Router {
 public:
  Router(caf::actor_system& system, Services& services, Engine& engine);
  /// Once this node has joined.
  Status listen();
  /// This node is about to end: whoever waits for another one does so for moments only.
  void hurry();
  /// Nothing comes in any more, and nobody waits any longer.
  void close();

  void send(WorkspaceId workspace, ToRun message);
  /// A start whose run id is known beforehand, and with it the owner.
  void start(RunId run, StartRequest request, Callback<Started> done);
  /// A retry with a key, so that its run id is known beforehand.
  void retry(RunId run, const store::TenantScope& scope, RetryRequest request,
             Callback<Started> done);
  void start_group(WorkspaceId workspace, StartGroup message);
  void drain(store::NodeNumber node, Callback<Unit> done);
  /// They do not know any more what these workflows are.
  void tell_changed(store::NodeNumber node, std::vector<WorkflowId> workflows,
                    Callback<Unit> done);
  void tell_to_look(store::NodeNumber node);
  void tell_all_to_look();
  RemoteFeeds& feeds() { return feeds_; }

 private:
  void ask_node(store::NodeNumber node, const cluster::wire::Call& call, Callback<Unit> done);
  void look(WorkspaceId workspace, const ToRun& message);
  void call(RemoteCall call);
  void attempt(const std::shared_ptr<RemoteCall>& call);
  void again(const std::shared_ptr<RemoteCall>& call);
  void take(std::string body, Bus::Reply reply);
  void answer(cluster::wire::AskCall call, Bus::Reply reply);
  void answer(const cluster::wire::LookCall& call, Bus::Reply reply);
  void answer(const cluster::wire::StartCall& call, Bus::Reply reply);
  void answer(const cluster::wire::GroupCall& call, Bus::Reply reply);
  void answer(const cluster::wire::RetryCall& call, Bus::Reply reply);
  Bus::Answer started(Callback<Started> done);
  void look_answered(const std::string& bytes, const Callback<RunLook>& done);

  Services& services_;
  Engine& engine_;
  Bus& bus_;
  RemoteFeeds feeds_;
  AskedOnce asked_;
  RouterActor later_;
  std::atomic<bool> closed_{false};
  std::atomic<std::int64_t> hurries_by_us_{INT64_MAX};  ///< since boot
};

}  // namespace troupe::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::CallAgain)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::AskFeedsAgain)
