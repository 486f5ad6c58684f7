#include "adapters/nats/enqueue.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "adapters/nats/inbox.h"
#include "adapters/nats/subject.h"
#include "runtime/base/random.h"
#include "runtime/json/write.h"

namespace troupe::nats {
namespace {

constexpr Duration kRetryFirst = milliseconds(100);
constexpr Duration kRetryMax = seconds(5);

std::chrono::microseconds as_chrono(Duration duration) {
  return std::chrono::microseconds(duration.us);
}

}  // namespace

struct Enqueue::Work {
  std::string ack;  ///< the subject for words about it
  std::string subject;
  Delivered delivered;
  Deadlines::Ticket mark;
};

struct Enqueue::Shared : std::enable_shared_from_this<Enqueue::Shared> {
  Shared(Connection& connection, const Options& options)
      : options(options),
        outlet(connection),
        log(connection.services().log),
        accepted(counter(connection, "accepted")),
        refused(counter(connection, "refused")),
        retried(counter(connection, "retried")),
        random(connection.services().entropy.next()) {}
  static Counter& counter(Connection& connection, std::string_view outcome) {
    return connection.services().metrics.counter("nats_submissions_total", "enqueue", outcome);
  }

  /// Doubled `times` times, and then between half and whole of that. With the lock.
  Duration jittered(Duration first, Duration most, std::uint64_t times) {
    const std::int64_t whole = std::min(first.us << std::min<std::uint64_t>(times, 20), most.us);
    const auto half = static_cast<std::uint64_t>(whole / 2);
    return {whole / 2 + static_cast<std::int64_t>(random.below(half + 1))};
  }
  /// With the lock.
  void tell_changed() {
    has_changed = true;
    changed.notify_all();
  }
  void say(const std::string& ack, const std::string& word);
  void arm_mark(std::uint64_t number);
  void mark(std::uint64_t number);
  void ended(std::uint64_t number, const Result<RunId>& run);
  std::string verdict(const Work& work, const Result<RunId>& run);

  const Options options;
  Outlet outlet;
  Logger& log;
  Counter& accepted;
  Counter& refused;
  Counter& retried;

  std::mutex mutex;
  std::condition_variable changed;
  Random random;
  std::unordered_map<std::uint64_t, Work> works;
  std::map<std::uint64_t, std::size_t> pulls;  ///< messages that each may still bring
  std::uint64_t last_number = 0;
  std::int64_t heard_us = 0;   ///< the last sign of life of the server's side
  std::uint64_t failures = 0;  ///< in a row
  Stream stream;
  std::string last_error;  ///< of looking for it
  bool is_established = false;
  bool is_closing = false;
  bool is_nudged = false;
  bool has_changed = false;
};

Enqueue::Enqueue(Connection& connection, Intake& intake, Options options)
    : connection_(connection),
      intake_(intake),
      options_(options),
      shared_(std::make_shared<Shared>(connection, options)),
      inbox_("_INBOX." + hex_of(connection.services().entropy.next()) +
             hex_of(connection.services().entropy.next()) + ".") {
  subscription_ = connection.subscribe(inbox_ + "*", "",
                                       [this](const Message& message) { hear(message); });
  // A new link: what was asked over the old one is forgotten by the server.
  watch_ = connection.watch([shared = shared_] {
    const std::lock_guard lock(shared->mutex);
    shared->is_established = false;
    shared->is_nudged = true;
    shared->tell_changed();
  });
  keeper_ = std::thread([this] { keep(); });
}

void Enqueue::close() {
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->is_closing) return;
    shared_->is_closing = true;
    shared_->tell_changed();
  }
  keeper_.join();
  watch_ = nullptr;
  // What has been delivered and not begun is given back at once.
  subscription_->drain(options_.drain_time);
  subscription_ = nullptr;
  {
    std::unique_lock lock(shared_->mutex);
    shared_->changed.wait_for(lock, as_chrono(options_.drain_time),
                              [this] { return shared_->works.empty(); });
  }
  shared_->outlet.close();
}

bool Enqueue::ready() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->is_established && !shared_->pulls.empty();
}

void Enqueue::keep() {
  Shared& shared = *shared_;
  const Duration patience{options_.heartbeat.us * 5 / 2};
  std::unique_lock lock(shared.mutex);
  while (!shared.is_closing) {
    if (!shared.is_established) {
      establish(lock);
      continue;
    }
    // What changes while the lock is free for publishing must not be slept through.
    shared.has_changed = false;
    pull(lock);
    const auto has_changed = [&shared] { return shared.has_changed; };
    if (shared.pulls.empty()) {
      shared.changed.wait(lock, has_changed);
      continue;
    }
    if (shared.changed.wait_for(lock, as_chrono(patience), has_changed)) continue;
    if (monotonic_us() - shared.heard_us >= patience.us) {
      shared.log.warning("NATS: the stream of submissions is silent; looking after it");
      shared.is_established = false;
    }
  }
  lock.unlock();
  nats_ReleaseThreadMemory();
}

/// Called and returning with the lock, but without it while it asks the server.
void Enqueue::establish(std::unique_lock<std::mutex>& lock) {
  Shared& shared = *shared_;
  shared.pulls.clear();
  // At once the first time and with a new link; then with growing pauses, until something is heard.
  if (shared.failures > 0) {
    shared.changed.wait_for(lock, as_chrono(shared.jittered(kRetryFirst, kRetryMax,
                                                            shared.failures - 1)),
                            [&] { return shared.is_closing || shared.is_nudged; });
    if (shared.is_closing) return;
  }
  ++shared.failures;
  shared.is_nudged = false;
  lock.unlock();
  const auto is_over = [&shared] {
    const std::lock_guard held(shared.mutex);
    return shared.is_closing;
  };
  const std::shared_ptr<natsConnection> link =
      connection_.connected() ? connection_.link() : nullptr;
  Result<Stream> stream = link == nullptr ? Error{Code::kUnavailable, {}, {}}
                                          : ensure_stream(link.get(), options_.stream, is_over);
  lock.lock();
  if (shared.is_closing) return;  // then a failure says nothing of the server
  // Once for each reason: it is tried again for ever.
  const std::string error = stream.ok() ? "" : stream.error().message;
  if (error != shared.last_error && !error.empty()) {
    shared.log.warning("NATS: the stream of submissions is not available", {{"error", error}});
  }
  shared.last_error = error;
  if (!stream.ok() || shared.is_nudged) return;
  shared.stream = *std::move(stream);
  shared.is_established = true;
  shared.heard_us = monotonic_us();
}

void Enqueue::pull(std::unique_lock<std::mutex>& lock) {
  Shared& shared = *shared_;
  std::size_t taken = shared.works.size();
  for (const auto& [number, left] : shared.pulls) taken += left;
  if (taken >= options_.in_flight_max) return;
  const std::size_t free = options_.in_flight_max - taken;
  // A few requests for many messages, not one for each place that becomes free.
  if (!shared.pulls.empty() && free < std::max<std::size_t>(options_.in_flight_max / 4, 1)) return;
  const std::uint64_t number = ++shared.last_number;
  shared.pulls.emplace(number, free);
  shared.heard_us = monotonic_us();
  json::Writer out;
  const std::string body = out.begin_object()
                               .member("batch", free)
                               .member("expires", options_.pull_time.us * 1000)
                               .member("idle_heartbeat", options_.heartbeat.us * 1000)
                               .end_object()
                               .take();
  const std::string subject = std::string("$JS.API.CONSUMER.MSG.NEXT.") + Stream::kName + "." +
                              shared.stream.consumer;
  lock.unlock();
  const Status status = connection_.publish({subject, inbox_ + hex_of(number), body, {}});
  lock.lock();
  if (!status.ok()) {
    shared.is_established = false;
    shared.has_changed = true;
  }
}

void Enqueue::hear(const Message& message) {
  Shared& shared = *shared_;
  // The server's own words have nowhere to be acknowledged.
  if (message.reply().empty()) {
    if (!hear_status(message)) return;
    const std::lock_guard lock(shared.mutex);
    shared.is_established = false;
    shared.tell_changed();
    return;
  }
  const std::string ack(message.reply());
  const Result<Delivered> delivered = parse_delivered(ack);
  if (!delivered.ok()) return;
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(shared.mutex);
    shared.heard_us = monotonic_us();
    shared.failures = 0;
    // A message keeps the subject it was published to; the server serves the oldest request first.
    const auto at = shared.pulls.begin();
    if (at != shared.pulls.end() && --at->second == 0) shared.pulls.erase(at);
    // Answers to requests that were given up for lost come on top of the new ones'.
    if (!shared.is_closing && shared.works.size() < 2 * options_.in_flight_max) {
      number = ++shared.last_number;
      shared.works[number] = Work{ack, std::string(message.subject()), *delivered, {}};
      shared.arm_mark(number);
    }
    shared.tell_changed();
  }
  if (number == 0) return shared.say(ack, "-NAK");
  start(number, message, *delivered);
}

/// True if the stream or the consumer has to be looked after.
bool Enqueue::hear_status(const Message& message) {
  const auto pull = parse_hex(last_token(message.subject()));
  const std::string_view status = message.header("Status").value_or("");
  const std::lock_guard lock(shared_->mutex);
  if (!pull || !shared_->pulls.contains(*pull)) return false;  // of before
  shared_->heard_us = monotonic_us();
  if (status == "100") {
    shared_->failures = 0;
    return false;
  }
  shared_->pulls.erase(*pull);
  shared_->tell_changed();
  if (status == "408" || status == "404") {
    shared_->failures = 0;
    return false;
  }
  shared_->log.warning("NATS: a request for submissions was refused",
                       {{"status", status},
                        {"description", message.header("Description").value_or("")}});
  return true;
}

void Enqueue::start(std::uint64_t number, const Message& message, const Delivered& delivered) {
  const auto tokens = tokens_of(message.subject());
  Arrival arrival{.door = kEnqueueDoor};
  arrival.authorization = message.header(kAuthorizationHeader).value_or("");
  if (tokens.size() == 5) {
    arrival.workspace = tokens[3];
    arrival.project = tokens[4];
  }
  arrival.body = message.body();
  if (const auto key = message.header("Idempotency-Key")) {
    arrival.idempotency_key = *key;
  } else if (const auto id = message.header("Nats-Msg-Id")) {
    // Apart from keys over HTTP, whose bodies look otherwise and would only conflict.
    arrival.idempotency_key = "nats-msg-id:" + std::string(*id);
  } else {
    arrival.idempotency_key = key_of(delivered);
  }
  intake_.start(std::move(arrival), [shared = shared_, number](const Result<RunId>& run) {
    shared->ended(number, run);
  });
}

void Enqueue::Shared::say(const std::string& ack, const std::string& word) {
  outlet.with([&](Connection& connection) {
    const Status status = connection.publish({ack, {}, word, {}});
    // The server delivers it again; the run's key tells that it is there.
    if (!status.ok()) log.debug("A word to JetStream could not be sent", {{"word", word}});
  });
}

void Enqueue::Shared::arm_mark(std::uint64_t number) {
  outlet.with([&](Connection& connection) {
    works[number].mark =
        connection.deadlines().in({options.stream.ack_wait.us / 3},
                                  [self = shared_from_this(), number] { self->mark(number); });
  });
}

void Enqueue::Shared::mark(std::uint64_t number) {
  std::string ack;
  {
    const std::lock_guard lock(mutex);
    const auto at = works.find(number);
    if (at == works.end()) return;
    ack = at->second.ack;
    arm_mark(number);
  }
  say(ack, "+WPI");
}

void Enqueue::Shared::ended(std::uint64_t number, const Result<RunId>& run) {
  Work work;
  std::string word;
  {
    const std::lock_guard lock(mutex);
    const auto at = works.find(number);
    work = std::move(at->second);
    works.erase(at);
    word = verdict(work, run);
    tell_changed();
  }
  outlet.with([&](Connection& connection) { connection.deadlines().cancel(work.mark); });
  say(work.ack, word);
}

std::string Enqueue::Shared::verdict(const Work& work, const Result<RunId>& run) {
  if (run.ok()) {
    accepted.add();
    return "+ACK";
  }
  const CodeInfo& about = info(run.error().code);
  const bool is_bug = about.http_status == 500;
  if (about.transient || (is_bug && work.delivered.times < options.bug_tries_max)) {
    retried.add();
    const Duration delay =
        jittered(options.retry_first, options.retry_max, work.delivered.times - 1);
    return "-NAK {\"delay\":" + std::to_string(delay.us * 1000) + "}";
  }
  refused.add();
  log.warning("An enqueued submission was refused for good",
              {{"subject", work.subject},
               {"sequence", work.delivered.sequence},
               {"code", about.name},
               {"reason", run.error().message}});
  return "+TERM";
}

}  // namespace troupe::nats
