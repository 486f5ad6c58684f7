#include "adapters/nats/node_bus.h"

#include <shared_mutex>
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

}  // namespace

struct NodeBus::Voice {
  std::shared_mutex mutex;
  Connection* connection = nullptr;  ///< null once the bus is closed

  void say(const std::string& subject, std::string_view body) {
    const std::shared_lock lock(mutex);
    if (connection == nullptr) return;
    const Status status = publish_whole(*connection, subject, {}, body);
    if (!status.ok()) {
      connection->services().log.debug("An answer to a node could not be sent",
                                       {{"error", status.error().message}});
    }
  }
};

NodeBus::NodeBus(Connection& connection, Assembly::Limits limits)
    : connection_(connection),
      assembly_(std::make_shared<Assembly>(connection.deadlines(), limits)),
      voice_(std::make_shared<Voice>()),
      inbox_(connection, kReply) {
  voice_->connection = &connection;
}

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
    reply = [voice = voice_, subject = std::string(message.reply())](const std::string& answer) {
      voice->say(subject, answer);
    };
  }
  handler_(*std::move(body), std::move(reply));
}

void NodeBus::close() {
  own_ = nullptr;
  all_ = nullptr;
  inbox_.close();
  const std::unique_lock lock(voice_->mutex);
  voice_->connection = nullptr;
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
  said(publish_whole(connection_, kNode + std::to_string(to), {}, body));
}

void NodeBus::tell_all(std::string body) {
  said(publish_whole(connection_, kAll + self_, {}, body));
}

void NodeBus::said(const Status& status) {
  if (status.ok()) return;
  connection_.services().log.debug("A message to a node could not be sent",
                                   {{"error", status.error().message}});
}

}  // namespace troupe::nats
