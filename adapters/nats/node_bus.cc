#include "adapters/nats/node_bus.h"

#include <utility>

#include "adapters/nats/subject.h"
#include "runtime/base/ensure.h"

namespace troupe::nats {
namespace {

constexpr const char* kNode = "troupe.i.node.";
constexpr const char* kAll = "troupe.i.all.";
constexpr const char* kReply = "troupe.i.reply";

class Call final : public Exchange {
 public:
  Call(std::shared_ptr<Assembly> assembly, Bus::Answer answer)
      : assembly_(std::move(assembly)), answer_(std::move(answer)) {}

  Heard hear(Message message) override {
    std::optional<std::string> whole = assembly_->add(message);
    if (!whole) return {};
    body_ = *std::move(whole);
    return {.is_last = true, .patience = std::nullopt};
  }
  void finish() override { answer_(std::move(body_)); }
  void fail(Error error) override { answer_(std::move(error)); }
  Error too_late() const override {
    return {Code::kTimeout, "The other node has not answered in time.", {}};
  }

 private:
  const std::shared_ptr<Assembly> assembly_;
  const Bus::Answer answer_;
  std::string body_;
};

/// Nobody is told: whoever waits for an answer has patience for it.
void said(const Connection& connection, const Status& status) {
  if (status.ok()) return;
  connection.services().log.debug("A message to a node could not be sent",
                                  {{"error", status.error().message}});
}

}  // namespace

NodeBus::NodeBus(Connection& connection, Assembly::Limits limits)
    : connection_(connection),
      assembly_(std::make_shared<Assembly>(connection.deadlines(), limits)),
      outlet_(std::make_shared<Outlet>(connection)),
      inbox_(connection, kReply) {}

Status NodeBus::listen(store::NodeNumber self, Handler handler) {
  TROUPE_ENSURE(own_ == nullptr);
  self_ = std::to_string(self);
  handler_ = std::move(handler);
  const auto listener = [this](const Message& message) { hear(message); };
  own_ = connection_.subscribe(kNode + self_, "", listener);
  all_ = connection_.subscribe(std::string(kAll) + "*", "", listener);
  return ok();
}

void NodeBus::hear(const Message& message) {
  const bool is_to_all = message.subject().substr(0, std::string_view(kAll).size()) == kAll;
  if (is_to_all && last_token(message.subject()) == self_) return;
  std::optional<std::string> body = assembly_->add(message);
  if (!body) return;
  Reply reply;
  if (!message.reply().empty()) {
    const std::string subject(message.reply());  // of this request alone
    reply = {subject, [outlet = outlet_, subject](const std::string& answer) {
               outlet->with([&](Connection& connection) {
                 said(connection, publish_whole(connection, subject, {}, answer));
               });
             }};
  }
  handler_(*std::move(body), std::move(reply));
}

void NodeBus::close() {
  own_ = nullptr;
  all_ = nullptr;
  inbox_.close();
  outlet_->close();
}

void NodeBus::request(store::NodeNumber to, std::string body, Duration patience, Answer answer) {
  const Inbox::Opened opened =
      inbox_.open(std::make_shared<Call>(assembly_, std::move(answer)), patience);
  if (opened.number == 0) return;
  const Status status =
      publish_whole(connection_, kNode + std::to_string(to), opened.reply, body);
  if (!status.ok()) inbox_.fail_soon(opened.number, status.error());
}

void NodeBus::tell(store::NodeNumber to, std::string body) {
  said(connection_, publish_whole(connection_, kNode + std::to_string(to), {}, body));
}

void NodeBus::tell_all(std::string body) {
  said(connection_, publish_whole(connection_, kAll + self_, {}, body));
}

}  // namespace troupe::nats
