#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>

#include "adapters/services/asked.h"
#include "adapters/services/credentials.h"
#include "runtime/port/egress.h"
#include "runtime/port/metrics.h"
#include "runtime/port/step_service.h"
#include "runtime/schema/schema.h"

namespace troupe::services {

/// Asks for what steps need by the one way out, and knows what is under way. Thread-safe.
class Services final : public StepService {
 public:
  /// They outlive it.
  struct Ports {
    Egress& egress;
    Credentials& credentials;
    const Clock& clock;
    const PatternCompiler& patterns;
    Metrics& metrics;
  };

  explicit Services(const Ports& ports) : ports_(ports) {}

  void read_by(Read read) override { ports_.credentials.read_by(std::move(read)); }
  Ticket call(ServiceRequest request, Done done) override;
  void cancel(Ticket ticket) override;

 private:
  std::shared_ptr<Asked> make(ServiceRequest request, Done done);
  void count(const std::string& provider, const Usage& usage);

  const Ports ports_;
  std::mutex mutex_;
  Ticket last_ = 0;
  std::unordered_map<Ticket, std::shared_ptr<Asked>> open_;
};

}  // namespace troupe::services
