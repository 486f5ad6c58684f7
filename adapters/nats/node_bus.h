#pragma once

#include <memory>
#include <string>

#include "adapters/nats/connection.h"
#include "adapters/nats/inbox.h"
#include "adapters/nats/outlet.h"
#include "adapters/nats/parts.h"
#include "runtime/port/bus.h"

namespace troupe::nats {

/// The bus between nodes over NATS: `troupe.i.node.<number>` for one, `troupe.i.all.<sender>` for
/// all, answers below `troupe.i.reply`. These subjects are internal: they carry no version, and no
/// one outside the cluster may publish or hear them. Larger bodies than the server takes go in
/// parts. A request that was under way when the link broke waits for its patience, since the answer
/// may still come. Answers are called on a thread of the connection, never inside `request`.
class NodeBus final : public Bus {
 public:
  explicit NodeBus(Connection& connection, Assembly::Limits limits = {});
  ~NodeBus() override { close(); }
  NodeBus(const NodeBus&) = delete;
  NodeBus& operator=(const NodeBus&) = delete;

  Status listen(store::NodeNumber self, Handler handler) override;
  void close() override;
  void request(store::NodeNumber to, std::string body, Duration patience, Answer answer) override;
  void tell(store::NodeNumber to, std::string body) override;
  void tell_all(std::string body) override;
  bool connected() const override { return connection_.connected(); }

 private:
  void hear(const Message& message);

  Connection& connection_;
  const std::shared_ptr<Assembly> assembly_;
  const std::shared_ptr<Outlet> outlet_;  ///< of replies
  Inbox inbox_;
  std::string self_ = "0";
  Handler handler_;
  std::unique_ptr<Subscription> own_;
  std::unique_ptr<Subscription> all_;
};

}  // namespace troupe::nats
