#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

#include "adapters/nats/connection.h"
#include "adapters/nats/intake.h"
#include "adapters/nats/outlet.h"
#include "adapters/nats/stream.h"

namespace troupe::nats {

/// Starts runs from what was published to `troupe.v1.enqueue.<workspace>.<project>` and kept by the
/// stream TROUPE_ENQUEUE. Nodes share one consumer and pull as much as they may have under way. A
/// message is acknowledged after its run is durable; what is refused for now comes again later;
/// what can never succeed is ended with a line in the log. A message that comes twice meets the run
/// of its key: Idempotency-Key, else Nats-Msg-Id, else its place in the stream.
///
/// A thread of its own makes the stream and the consumer anew whenever they turn out to be gone:
/// what was in a lost stream is lost, since its acknowledgement never was a promise; everything
/// that was acknowledged by us is in the store. Thread-safe.
class Enqueue {
 public:
  struct Options {
    StreamOptions stream;
    std::size_t in_flight_max = 256;
    Duration pull_time = seconds(30);     ///< how long one request to the server stays open
    Duration heartbeat = seconds(2);      ///< of an idle server; twice none: it is gone
    Duration retry_first = seconds(1);    ///< until a refused message comes again; doubled
    Duration retry_max = seconds(60);
    std::uint64_t bug_tries_max = 20;     ///< how often what fails by our own fault is tried
    /// As Submission::Options.
    Duration drain_time = seconds(1);
  };
  Enqueue(Connection& connection, Intake& intake, Options options);
  ~Enqueue() { close(); }
  Enqueue(const Enqueue&) = delete;
  Enqueue& operator=(const Enqueue&) = delete;

  /// Takes no more, and waits for what is under way; the rest is delivered again, here or
  /// elsewhere.
  void close();
  /// Whether the stream is there and being read, as far as is known.
  bool ready() const;

 private:
  /// One message under way.
  struct Work;
  /// What answers of the engine still need when this is gone.
  struct Shared;

  void keep();
  void establish(std::unique_lock<std::mutex>& lock);
  void pull(std::unique_lock<std::mutex>& lock);
  void hear(const Message& message);
  bool hear_status(const Message& message);
  void start(std::uint64_t number, const Message& message, const Delivered& delivered);

  Connection& connection_;
  Intake& intake_;
  const Options options_;
  const std::shared_ptr<Shared> shared_;
  const std::string inbox_;  ///< prefix of the subjects that pulled messages come to
  std::unique_ptr<Subscription> subscription_;
  std::unique_ptr<Watch> watch_;
  std::thread keeper_;
};

}  // namespace troupe::nats
