#include "adapters/nats/work_queue.h"

#include <algorithm>
#include <utility>

#include "adapters/nats/subject.h"
#include "adapters/nats/submission.h"

namespace troupe::nats {
namespace {

constexpr std::string_view kHeartbeat = "+WPI";
constexpr std::size_t kErrorCodeBytesMax = 64;
constexpr std::size_t kErrorTextBytesMax = 4096;

/// What a worker calls its error: a word that may stand in an event. Anything else counts as one
/// without a name.
std::string error_code(std::string_view header) {
  if (header.size() <= kErrorCodeBytesMax && is_queue_name(header)) return std::string(header);
  return "worker_error";
}

class Task final : public Exchange {
 public:
  Task(const WorkRequest& request, std::function<void()> heartbeat, WorkQueue::Done done)
      : ends_us_((TimePoint{monotonic_us()} + request.timeout).us),
        silence_(request.heartbeat),
        heartbeat_(std::move(heartbeat)),
        done_(std::move(done)) {}

  /// How long to wait for the next word.
  Duration patience() const {
    const Duration left{std::max<std::int64_t>(ends_us_ - monotonic_us(), 0)};
    return silence_.us > 0 ? std::min(left, silence_) : left;
  }
  Heard hear(Message message) override {
    const auto error = message.header(kErrorHeader);
    if (!error && message.body() == kHeartbeat) {
      if (heartbeat_) heartbeat_();
      return {.is_last = false, .patience = patience()};
    }
    result_.body = message.body();
    if (error) {
      result_.error_code = error_code(*error);
      if (result_.body.size() > kErrorTextBytesMax) result_.body.resize(kErrorTextBytesMax);
    }
    return {.is_last = true, .patience = std::nullopt};
  }
  void finish() override { done_(std::move(result_)); }
  void fail(Error error) override { done_(std::move(error)); }
  Error too_late() const override {
    const bool is_silent = monotonic_us() < ends_us_;
    return {Code::kTimeout,
            is_silent ? "The worker has not been heard of for too long."
                      : "The worker has not answered in time.",
            {}};
  }

 private:
  const std::int64_t ends_us_;
  const Duration silence_;
  const std::function<void()> heartbeat_;
  const WorkQueue::Done done_;
  WorkResult result_;
};

}  // namespace

NatsWorkQueue::NatsWorkQueue(Connection& connection)
    : connection_(connection), inbox_(connection, "_INBOX") {}

WorkQueue::Ticket NatsWorkQueue::request_work(WorkRequest request, std::function<void()> heartbeat,
                                              Done done) {
  const auto task = std::make_shared<Task>(request, std::move(heartbeat), std::move(done));
  const Inbox::Opened opened = inbox_.open(task, task->patience());
  if (opened.number == 0) return 0;
  if (!is_slug(request.workspace) || !is_queue_name(request.queue)) {
    inbox_.fail_soon(opened.number,
                     {Code::kInvalidRequest, "The workspace or the queue is no name.", {}});
    return opened.number;
  }
  const Status status =
      connection_.publish({"troupe.v1.work." + request.workspace + "." + request.queue,
                           opened.reply, request.body, {}});
  if (!status.ok()) inbox_.fail_soon(opened.number, status.error());
  return opened.number;
}

}  // namespace troupe::nats
