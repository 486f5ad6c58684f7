#pragma once

#include <nats/nats.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::testing {

/// What users of the broker do: programs of theirs that start runs and do work, written against
/// NATS' own library and not the product's. Finds the broker again by itself, for ever.
/// Thread-safe.
class Bus {
 public:
  struct Reply {
    std::string body;
    std::string error;     ///< the header Troupe-Error
    std::string reply_to;  ///< where to acknowledge a message of JetStream
    bool is_empty = false; ///< only a status of the server, such as "no responders"
  };
  struct Task {
    std::string body;
    std::string reply_to;  ///< where to say anything about it, whenever there is something to say
  };
  using Work = std::function<void(const Task&)>;

  explicit Bus(const std::string& url);
  ~Bus();
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;

  /// Nothing if no answer has come in time. Empty keys and tokens are not sent.
  std::optional<Reply> request(const std::string& subject, const std::string& body,
                               const std::string& key, int timeout_ms,
                               const std::string& token = "");
  /// False if it has not left.
  bool publish(const std::string& subject, const std::string& body, const std::string& key = "",
               const std::string& token = "");
  /// Hears what comes to the subject, on a thread of the library, until this is gone.
  void serve(const std::string& subject, const std::string& queue, Work work);

 private:
  struct Service {
    natsSubscription* subscription = nullptr;
    Work work;
  };
  static void hear(natsConnection*, natsSubscription*, natsMsg* message, void* service);

  natsConnection* connection_ = nullptr;
  std::vector<std::unique_ptr<Service>> services_;
};

}  // namespace troupe::testing
