#include "adapters/nats/inbox.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "adapters/nats/subject.h"

namespace troupe::nats {

std::string hex_of(std::uint64_t number) {
  char digits[17] = "0000000000000000";
  char text[16];
  const auto end = std::to_chars(text, text + sizeof text, number, 16).ptr;
  std::copy(text, end, digits + 16 - (end - text));
  return digits;
}

std::optional<std::uint64_t> parse_hex(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, 16);
  if (text.size() != 16 || error != std::errc() || stop != end) return std::nullopt;
  return number;
}

Inbox::Inbox(Connection& connection, const std::string& prefix)
    : connection_(connection),
      late_total_(connection.services().metrics.counter("nats_late_answers_total")),
      base_(prefix + "." + hex_of(connection.services().entropy.next()) +
            hex_of(connection.services().entropy.next()) + ".") {
  subscription_ = connection.subscribe(base_ + "*", "",
                                       [this](Message message) { hear(std::move(message)); });
}

Inbox::Opened Inbox::open(std::shared_ptr<Exchange> exchange, Duration patience) {
  const std::uint64_t number = connection_.services().entropy.next();
  bool is_closed = false;
  {
    const std::lock_guard lock(mutex_);
    is_closed = is_closed_;
    if (!is_closed) entries_[number] = {exchange, arm(number, patience)};
  }
  if (is_closed) {
    exchange->fail({Code::kUnavailable, "The link to NATS is being closed.", {}});
    return {};
  }
  return {number, base_ + hex_of(number)};
}

Deadlines::Ticket Inbox::arm(std::uint64_t number, Duration patience) {
  return connection_.deadlines().in(patience, [this, number] {
    if (const auto exchange = take(number)) exchange->fail(exchange->too_late());
  });
}

void Inbox::wait_for(std::uint64_t number, Duration patience) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(number);
  if (at == entries_.end()) return;
  // If it cannot be cancelled it is being called, and waits for the lock to end this exchange.
  if (connection_.deadlines().cancel(at->second.deadline)) {
    at->second.deadline = arm(number, patience);
  }
}

bool Inbox::fail(std::uint64_t number, Error error) {
  const auto exchange = take(number);
  if (exchange != nullptr) exchange->fail(std::move(error));
  return exchange != nullptr;
}

void Inbox::fail_soon(std::uint64_t number, Error error) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(number);
  if (at == entries_.end() || !connection_.deadlines().cancel(at->second.deadline)) return;
  at->second.deadline = connection_.deadlines().in(
      Duration{}, [this, number, error = std::move(error)] { fail(number, error); });
}

std::shared_ptr<Exchange> Inbox::find(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(number);
  return at == entries_.end() ? nullptr : at->second.exchange;
}

std::shared_ptr<Exchange> Inbox::take(std::uint64_t number) {
  Entry entry;
  {
    const std::lock_guard lock(mutex_);
    const auto at = entries_.find(number);
    if (at == entries_.end()) return nullptr;
    entry = std::move(at->second);
    entries_.erase(at);
  }
  connection_.deadlines().cancel(entry.deadline);
  return entry.exchange;
}

void Inbox::hear(Message message) {
  const auto number = parse_hex(last_token(message.subject()));
  if (!number) return;
  const std::shared_ptr<Exchange> exchange = find(*number);
  if (exchange == nullptr) {
    // The server says once per part that nobody listens: that is no answer.
    if (!message.no_responders()) came_late();
    return;
  }
  if (message.no_responders()) {
    fail(*number, {Code::kUnavailable, "Nobody listens there.", {}});
    return;
  }
  const Exchange::Heard heard = exchange->hear(std::move(message));
  if (!heard.is_last) {
    if (heard.patience) wait_for(*number, *heard.patience);
    return;
  }
  if (take(*number) != nullptr) exchange->finish();
  else came_late();
}

void Inbox::came_late() {
  ++late_;
  late_total_.add();
}

void Inbox::close() {
  subscription_ = nullptr;
  std::unordered_map<std::uint64_t, Entry> left;
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    left.swap(entries_);
  }
  for (const auto& [number, entry] : left) {
    connection_.deadlines().cancel(entry.deadline);
    entry.exchange->fail({Code::kUnavailable, "The link to NATS is being closed.", {}});
  }
  // A deadline that could not be cancelled may still be on its way in here.
  connection_.deadlines().settle();
}

}  // namespace troupe::nats
