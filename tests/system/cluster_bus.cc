#include "tests/system/cluster_bus.h"

#include <stdexcept>

namespace troupe::testing {
namespace {

struct Destroy {
  void operator()(natsMsg* message) const { natsMsg_Destroy(message); }
  void operator()(natsOptions* options) const { natsOptions_Destroy(options); }
};
using Message = std::unique_ptr<natsMsg, Destroy>;

std::string header(natsMsg* message, const char* name) {
  const char* value = nullptr;
  return natsMsgHeader_Get(message, name, &value) == NATS_OK ? value : "";
}

std::string text(const char* chars) { return chars == nullptr ? "" : chars; }

std::string body_of(natsMsg* message) {
  return {natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message))};
}

Message message_with(const std::string& subject, const std::string& body, const std::string& key,
                     const std::string& token) {
  natsMsg* raw = nullptr;
  if (natsMsg_Create(&raw, subject.c_str(), nullptr, body.data(),
                     static_cast<int>(body.size())) != NATS_OK) {
    throw std::runtime_error("no message to " + subject);
  }
  Message message(raw);
  if (!key.empty()) natsMsgHeader_Set(raw, "Idempotency-Key", key.c_str());
  if (!token.empty()) natsMsgHeader_Set(raw, "Authorization", ("Bearer " + token).c_str());
  return message;
}

}  // namespace

Bus::Bus(const std::string& url) {
  natsOptions* raw = nullptr;
  natsOptions_Create(&raw);
  const std::unique_ptr<natsOptions, Destroy> options(raw);
  natsOptions_SetURL(raw, url.c_str());
  natsOptions_SetMaxReconnect(raw, -1);
  natsOptions_SetReconnectWait(raw, 100);
  natsOptions_SetReconnectJitter(raw, 50, 50);
  // A broker that hangs is given up, as one that is gone.
  natsOptions_SetPingInterval(raw, 1'000);
  natsOptions_SetMaxPingsOut(raw, 2);
  // Whoever writes must not wait for a broker that only they would let go on.
  natsOptions_SetWriteDeadline(raw, 1'000);
  const natsStatus status = natsConnection_Connect(&connection_, raw);
  if (status != NATS_OK) throw std::runtime_error(text(natsStatus_GetText(status)) + ": " + url);
}

Bus::~Bus() {
  for (const auto& service : services_) natsSubscription_Destroy(service->subscription);
  // Waits for what is under way in the services.
  natsConnection_Destroy(connection_);
}

std::optional<Bus::Reply> Bus::request(const std::string& subject, const std::string& body,
                                       const std::string& key, int timeout_ms,
                                       const std::string& token) {
  const Message message = message_with(subject, body, key, token);
  natsMsg* raw = nullptr;
  if (natsConnection_RequestMsg(&raw, connection_, message.get(), timeout_ms) != NATS_OK) {
    return std::nullopt;
  }
  const Message answer(raw);
  Reply reply{body_of(raw), header(raw, "Troupe-Error"), text(natsMsg_GetReply(raw)),
              !header(raw, "Status").empty()};
  return reply;
}

bool Bus::publish(const std::string& subject, const std::string& body, const std::string& key,
                  const std::string& token) {
  const Message message = message_with(subject, body, key, token);
  return natsConnection_PublishMsg(connection_, message.get()) == NATS_OK;
}

void Bus::hear(natsConnection*, natsSubscription*, natsMsg* raw, void* closure) {
  const Message message(raw);
  static_cast<Service*>(closure)->work({body_of(raw), text(natsMsg_GetReply(raw))});
}

void Bus::serve(const std::string& subject, const std::string& queue, Work work) {
  services_.push_back(std::make_unique<Service>());
  Service& service = *services_.back();
  service.work = std::move(work);
  const natsStatus status = natsConnection_QueueSubscribe(
      &service.subscription, connection_, subject.c_str(), queue.c_str(), &Bus::hear, &service);
  if (status != NATS_OK) throw std::runtime_error("cannot serve " + subject);
}

}  // namespace troupe::testing
