#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "adapters/nats/connection.h"
#include "adapters/nats/endpoint.h"
#include "adapters/nats/intake.h"
#include "adapters/nats/outlet.h"

namespace troupe::nats {

/// The header of a refusal: the code of its problem document.
inline constexpr const char* kErrorHeader = "Troupe-Error";

/// Starts runs by request and reply: `troupe.v1.submit.<workspace>.<project>`, shared by all nodes
/// as one queue group. The reply comes after the commit: `{"run_id":…}`, or a problem document
/// with the header Troupe-Error. With `Idempotency-Key` a request may be repeated. More than the
/// bound under way are refused at once with kOverloaded. Thread-safe.
class Submission {
 public:
  struct Options {
    std::size_t in_flight_max = 4096;
    /// For what is under way when it closes. Short, because a node that ends gives its runs away
    /// only behind it, and a broker that hangs answers no drain; who has heard nothing asks again.
    Duration drain_time = seconds(1);
  };
  Submission(Connection& connection, Intake& intake, Options options);
  ~Submission() { close(); }
  Submission(const Submission&) = delete;
  Submission& operator=(const Submission&) = delete;

  /// Takes no more, and waits for what is under way. What is not answered by then gets no answer;
  /// its sender asks again with the same key.
  void close();
  Endpoint endpoint() const {
    return {std::string(kSubmitDoor.name), kSubmitDoor.subject, kQueue, &shared_->stats};
  }

 private:
  static constexpr const char* kQueue = "troupe";
  /// What answers still need when this is gone.
  struct Shared {
    explicit Shared(Connection& connection)
        : outlet(connection),
          accepted(connection.services().metrics.counter("nats_submissions_total", "submit",
                                                         "accepted")),
          refused(connection.services().metrics.counter("nats_submissions_total", "submit",
                                                        "refused")) {}
    void answer(const std::string& reply, std::int64_t began_us, const Result<RunId>& run);
    void ended();

    Outlet outlet;
    EndpointStats stats;
    Counter& accepted;
    Counter& refused;
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t in_flight = 0;
  };
  void hear(const Message& message);

  Intake& intake_;
  const Options options_;
  const std::shared_ptr<Shared> shared_;
  std::unique_ptr<Subscription> subscription_;
};

}  // namespace troupe::nats
