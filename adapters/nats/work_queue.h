#pragma once

#include <memory>
#include <string>

#include "adapters/nats/connection.h"
#include "adapters/nats/inbox.h"
#include "runtime/port/work_queue.h"

namespace troupe::nats {

/// Tasks as requests on `troupe.v1.work.<workspace>.<queue>`, where the workers of a queue share
/// one queue group. A worker answers to the reply subject: with its result; with `+WPI` as often as
/// it likes, to say that it is alive; or with the header `Troupe-Error: <code>` and a sentence as
/// the body, if it has failed. A task larger than the server's limit is refused. The reply subject
/// of one task tells nothing about that of another, so that workers of different tenants cannot
/// answer for each other.
class NatsWorkQueue final : public WorkQueue {
 public:
  explicit NatsWorkQueue(Connection& connection);
  ~NatsWorkQueue() override { close(); }
  NatsWorkQueue(const NatsWorkQueue&) = delete;
  NatsWorkQueue& operator=(const NatsWorkQueue&) = delete;

  Ticket request_work(WorkRequest request, std::function<void()> heartbeat, Done done) override;
  bool cancel(Ticket ticket) override { return inbox_.drop(ticket); }
  /// What is open fails with kUnavailable.
  void close() { inbox_.close(); }
  /// Answers that came after the end of their task.
  std::uint64_t late() const { return inbox_.late(); }

 private:
  Connection& connection_;
  Inbox inbox_;
};

}  // namespace troupe::nats
