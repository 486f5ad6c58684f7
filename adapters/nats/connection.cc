#include "adapters/nats/connection.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "runtime/base/ensure.h"

namespace troupe::nats {
namespace {

constexpr Duration kLastWords = milliseconds(1000);
constexpr std::int64_t kDrainLookMs = 100;

/// The address without a user's name and password.
std::string shown_address(natsConnection* link) {
  char url[512] = {};
  if (natsConnection_GetConnectedUrl(link, url, sizeof url) != NATS_OK) return {};
  const std::string_view whole = url;
  const std::size_t at = whole.rfind('@');
  return std::string(at == std::string_view::npos ? whole : whole.substr(at + 1));
}

}  // namespace

class Connection::Delivery {
 public:
  explicit Delivery(Handler handler) : handler_(std::move(handler)) {}

  void deliver(Message message) {
    const std::lock_guard lock(running_);
    if (is_closed_.load()) return;
    thread_ = std::this_thread::get_id();
    handler_(std::move(message));
    thread_ = std::thread::id();
  }
  void close() {
    is_closed_ = true;
    if (thread_.load() == std::this_thread::get_id()) return;
    const std::lock_guard lock(running_);
  }

  /// The closure that the library keeps: one owner per subscription of its.
  using Owner = std::shared_ptr<Delivery>;
  static void on_message(natsConnection*, natsSubscription*, natsMsg* message, void* owner) {
    (*static_cast<Owner*>(owner))->deliver(Message(message));
  }
  static void on_complete(void* owner) { delete static_cast<Owner*>(owner); }

 private:
  const Handler handler_;
  std::mutex running_;
  std::atomic<bool> is_closed_ = false;
  std::atomic<std::thread::id> thread_ = std::thread::id();
};

Watch::~Watch() {
  const std::lock_guard lock(connection_.watches_mutex_);
  connection_.watches_.erase(number_);
}

Subscription::~Subscription() { connection_.end(number_); }

void Subscription::drain(Duration patience) { connection_.drain(number_, patience); }

Result<std::unique_ptr<Connection>> Connection::open(Options options, const Services& services) {
  auto library = library_options(options);
  if (!library.ok()) return library.error();
  return std::unique_ptr<Connection>(
      new Connection(std::move(options), *std::move(library), services));
}

Connection::Connection(Options options, LibraryOptions library, const Services& services)
    : options_(std::move(options)),
      library_(std::move(library)),
      services_(services),
      reconnects_total_(services.metrics.counter("nats_reconnects_total")),
      random_(services.entropy.next()) {
  natsOptions* const raw = library_.get();
  TROUPE_ENSURE(natsOptions_SetDisconnectedCB(raw, on_disconnected, this) == NATS_OK);
  TROUPE_ENSURE(natsOptions_SetReconnectedCB(raw, on_reconnected, this) == NATS_OK);
  TROUPE_ENSURE(natsOptions_SetClosedCB(raw, on_closed, this) == NATS_OK);
  TROUPE_ENSURE(natsOptions_SetErrorHandler(raw, on_error, this) == NATS_OK);
  TROUPE_ENSURE(natsOptions_SetCustomReconnectDelay(raw, on_delay, this) == NATS_OK);
  keeper_ = std::thread([this] { keep(); });
}

void Connection::close() {
  {
    const std::lock_guard lock(mutex_);
    if (is_closing_) return;
    is_closing_ = true;
  }
  changed_.notify_all();
  keeper_.join();
  std::vector<std::shared_ptr<Delivery>> deliveries;
  {
    const std::lock_guard lock(interests_mutex_);
    for (auto& [number, interest] : interests_) {
      natsSubscription_Destroy(std::exchange(interest.made, nullptr));
      deliveries.push_back(interest.delivery);
    }
  }
  // What the handlers under way still say goes out with the last flush.
  for (const auto& delivery : deliveries) delivery->close();
  drop();
  deadlines_.stop();
}

void Connection::keep() {
  int attempt = 0;
  natsStatus last = NATS_OK;
  std::unique_lock lock(mutex_);
  while (!is_closing_) {
    if (link_ != nullptr && closed_link_ != link_.get()) {
      changed_.wait(lock);
      continue;
    }
    const bool was_given_up = link_ != nullptr;
    lock.unlock();
    if (was_given_up) services_.log.warning("NATS: the library has given up; connecting anew");
    drop();
    natsStatus status = NATS_OK;
    if (auto link = connect(status)) {
      adopt(std::move(link));
      attempt = 0;
    } else {
      if (status != last) said(status, "there is no connection; trying on");
      ++attempt;
    }
    last = status;
    lock.lock();
    if (attempt == 0 || is_closing_) continue;
    lock.unlock();
    const auto delay = std::chrono::milliseconds(delay_ms(attempt));
    lock.lock();
    changed_.wait_for(lock, delay, [this] { return is_closing_; });
  }
  lock.unlock();
  nats_ReleaseThreadMemory();
}

std::shared_ptr<natsConnection> Connection::connect(natsStatus& status) {
  natsConnection* raw = nullptr;
  status = natsConnection_Connect(&raw, library_.get());
  if (status != NATS_OK) return nullptr;
  return {raw, [](natsConnection* link) { natsConnection_Destroy(link); }};
}

void Connection::adopt(std::shared_ptr<natsConnection> link) {
  natsConnection* const raw = link.get();
  bool is_again = false;
  {
    const std::lock_guard interests_lock(interests_mutex_);
    for (auto& [number, interest] : interests_) {
      if (interest.is_draining) continue;
      const natsStatus status = make(raw, interest);
      if (status != NATS_OK) said(status, "a subscription could not be renewed");
    }
    const std::lock_guard lock(mutex_);
    is_again = std::exchange(had_link_, true);
    link_ = std::move(link);
  }
  if (is_again) {
    ++reconnects_;
    reconnects_total_.add();
  }
  look();
  services_.log.info("NATS is connected", {{"server", shown_address(raw)}});
  tell_watches();
}

void Connection::drop() {
  std::shared_ptr<natsConnection> link;
  {
    const std::lock_guard interests_lock(interests_mutex_);
    for (auto& [number, interest] : interests_) {
      natsSubscription_Destroy(std::exchange(interest.made, nullptr));
    }
    const std::lock_guard lock(mutex_);
    link = std::exchange(link_, nullptr);
  }
  is_connected_ = false;
  if (link == nullptr) return;
  if (natsConnection_Status(link.get()) == NATS_CONN_STATUS_CONNECTED) {
    natsConnection_FlushTimeout(link.get(), kLastWords.us / 1000);
  }
  natsConnection_Close(link.get());
  // The library's last call with our address must be over before anything of ours goes away.
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return closed_link_ == link.get(); });
  closed_link_ = nullptr;
}

bool Connection::wait_until_connected(Duration patience) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::microseconds(patience.us),
                           [this] { return is_connected_.load(); });
}

std::shared_ptr<natsConnection> Connection::link() const {
  const std::lock_guard lock(mutex_);
  return link_;
}

Status Connection::publish(const Outgoing& message) {
  const std::shared_ptr<natsConnection> link = connected() ? this->link() : nullptr;
  if (link == nullptr) return Error{Code::kUnavailable, "NATS is not connected.", {}};
  const int length = static_cast<int>(message.body.size());
  const char* const reply = message.reply.empty() ? nullptr : message.reply.c_str();
  natsStatus status = NATS_OK;
  if (message.headers.empty()) {
    status = reply == nullptr
                 ? natsConnection_Publish(link.get(), message.subject.c_str(),
                                          message.body.data(), length)
                 : natsConnection_PublishRequest(link.get(), message.subject.c_str(), reply,
                                                 message.body.data(), length);
  } else {
    natsMsg* raw = nullptr;
    status =
        natsMsg_Create(&raw, message.subject.c_str(), reply, message.body.data(), length);
    for (const auto& [name, value] : message.headers) {
      if (status == NATS_OK) status = natsMsgHeader_Set(raw, name.c_str(), value.c_str());
    }
    if (status == NATS_OK) status = natsConnection_PublishMsg(link.get(), raw);
    natsMsg_Destroy(raw);
  }
  if (status != NATS_OK) return error_of(status, "publish");
  return ok();
}

Status Connection::flush(Duration patience) {
  const std::shared_ptr<natsConnection> link = connected() ? this->link() : nullptr;
  if (link == nullptr) return Error{Code::kUnavailable, "NATS is not connected.", {}};
  const natsStatus status = natsConnection_FlushTimeout(link.get(), patience.us / 1000);
  if (status != NATS_OK) return error_of(status, "flush");
  return ok();
}

std::unique_ptr<Subscription> Connection::subscribe(std::string subject, std::string queue,
                                                    Handler handler) {
  const std::lock_guard interests_lock(interests_mutex_);
  const std::uint64_t number = ++last_number_;
  Interest& interest = interests_[number];
  interest.subject = std::move(subject);
  interest.queue = std::move(queue);
  interest.delivery = std::make_shared<Delivery>(std::move(handler));
  if (const std::shared_ptr<natsConnection> link = this->link()) {
    // A link that fails here is about to be replaced, and the next one gets all interests.
    const natsStatus status = make(link.get(), interest);
    if (status != NATS_OK) said(status, "a subscription has to wait for the next connection");
  }
  return std::unique_ptr<Subscription>(new Subscription(*this, number));
}

natsStatus Connection::make(natsConnection* link, Interest& interest) {
  auto owner = std::make_unique<Delivery::Owner>(interest.delivery);
  natsSubscription* made = nullptr;
  const char* const subject = interest.subject.c_str();
  natsStatus status =
      interest.queue.empty()
          ? natsConnection_Subscribe(&made, link, subject, Delivery::on_message, owner.get())
          : natsConnection_QueueSubscribe(&made, link, subject, interest.queue.c_str(),
                                          Delivery::on_message, owner.get());
  if (status != NATS_OK) return status;
  // The library's thread may use the closure until it says that it is done. If it cannot be asked
  // to say so, because the link has just closed, the few bytes stay.
  Delivery::Owner* const closure = owner.release();
  status = natsSubscription_SetOnCompleteCB(made, Delivery::on_complete, closure);
  if (status == NATS_OK) {
    status = natsSubscription_SetPendingLimits(made, options_.pending_messages_max,
                                               options_.pending_bytes_max);
  }
  interest.made = made;
  return status;
}

void Connection::drain(std::uint64_t number, Duration patience) {
  natsSubscription* made = nullptr;
  {
    const std::lock_guard lock(interests_mutex_);
    Interest& interest = interests_.at(number);
    interest.is_draining = true;
    made = std::exchange(interest.made, nullptr);
  }
  if (made == nullptr) return;
  const std::int64_t patience_ms = std::max<std::int64_t>(patience.us / 1000, 1);
  if (natsSubscription_DrainTimeout(made, patience_ms) == NATS_OK) {
    // Without a server nothing more comes, and the library would wait for it all the same.
    std::int64_t left_ms = patience_ms;
    do {
      if (natsSubscription_WaitForDrainCompletion(made, std::min(left_ms, kDrainLookMs)) !=
          NATS_TIMEOUT) {
        break;
      }
      left_ms -= kDrainLookMs;
    } while (left_ms > 0 && connected());
  }
  natsSubscription_Destroy(made);
}

void Connection::end(std::uint64_t number) {
  std::shared_ptr<Delivery> delivery;
  {
    const std::lock_guard lock(interests_mutex_);
    const auto at = interests_.find(number);
    TROUPE_ENSURE(at != interests_.end());
    delivery = std::move(at->second.delivery);
    if (at->second.made != nullptr) {
      natsSubscription_Unsubscribe(at->second.made);
      natsSubscription_Destroy(at->second.made);
    }
    interests_.erase(at);
  }
  delivery->close();
}

std::unique_ptr<Watch> Connection::watch(std::function<void()> heard) {
  const std::lock_guard lock(watches_mutex_);
  const std::uint64_t number = watches_.empty() ? 1 : watches_.rbegin()->first + 1;
  watches_.emplace(number, std::move(heard));
  return std::unique_ptr<Watch>(new Watch(*this, number));
}

void Connection::tell_watches() {
  const std::lock_guard lock(watches_mutex_);
  for (const auto& [number, heard] : watches_) heard();
}

void Connection::look() {
  {
    const std::lock_guard lock(mutex_);
    natsConnection* const raw = link_.get();
    is_connected_ = raw != nullptr && natsConnection_Status(raw) == NATS_CONN_STATUS_CONNECTED;
    if (is_connected_) {
      payload_max_ = static_cast<std::size_t>(std::max<std::int64_t>(
          natsConnection_GetMaxPayload(raw), 4096));
    }
  }
  changed_.notify_all();
}

void Connection::said(natsStatus status, const char* text) {
  services_.log.warning("NATS: " + std::string(text), {{"status", natsStatus_GetText(status)}});
}

std::int64_t Connection::delay_ms(int attempt) {
  const std::int64_t first = std::max<std::int64_t>(options_.retry_first.us / 1000, 1);
  const std::int64_t whole =
      std::min(options_.retry_max.us / 1000, first << std::clamp(attempt - 1, 0, 20));
  const std::lock_guard lock(mutex_);
  return whole / 2 + static_cast<std::int64_t>(
                         random_.below(static_cast<std::uint64_t>(whole / 2 + 1)));
}

void Connection::on_disconnected(natsConnection*, void* self) {
  Connection& connection = *static_cast<Connection*>(self);
  connection.look();
  connection.services_.log.warning("NATS is disconnected");
}

void Connection::on_reconnected(natsConnection* link, void* self) {
  Connection& connection = *static_cast<Connection*>(self);
  ++connection.reconnects_;
  connection.reconnects_total_.add();
  connection.look();
  connection.services_.log.info("NATS is connected again", {{"server", shown_address(link)}});
  connection.tell_watches();
}

void Connection::on_closed(natsConnection* link, void* self) {
  Connection& connection = *static_cast<Connection*>(self);
  const std::lock_guard lock(connection.mutex_);
  connection.is_connected_ = false;
  connection.closed_link_ = link;
  // Under the lock: whoever waits for this may destroy the connection as soon as it is free.
  connection.changed_.notify_all();
}

void Connection::on_error(natsConnection* link, natsSubscription* sub, natsStatus error,
                          void* self) {
  Connection& connection = *static_cast<Connection*>(self);
  const char* const subject = sub == nullptr ? nullptr : natsSubscription_GetSubject(sub);
  const char* last = nullptr;
  natsConnection_GetLastError(link, &last);
  // The server's own words, which name a subject at most.
  connection.services_.log.warning("NATS reports an error",
                                   {{"status", natsStatus_GetText(error)},
                                    {"subject", subject == nullptr ? "" : subject},
                                    {"detail", last == nullptr ? "" : last}});
}

int64_t Connection::on_delay(natsConnection*, int attempts, void* self) {
  return static_cast<Connection*>(self)->delay_ms(attempts);
}

}  // namespace troupe::nats
