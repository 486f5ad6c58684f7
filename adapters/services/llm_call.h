#pragma once

#include <memory>
#include <vector>

#include "adapters/services/asked.h"
#include "adapters/services/credentials.h"
#include "adapters/services/model_talk.h"
#include "runtime/port/step_service.h"
#include "runtime/schema/schema.h"

namespace troupe::services {

/// One attempt of an `llm_call` step: finds the models, asks, and where the answer has to fit a
/// schema and does not, asks once more with what is wrong with it.
class LlmCall final : public Asked, public std::enable_shared_from_this<LlmCall> {
 public:
  struct Ports {
    Egress& egress;
    Credentials& credentials;
    const Clock& clock;
    const PatternCompiler& patterns;
    /// Counts what has been used, by provider.
    std::function<void(const std::string&, const Usage&)> count;
  };

  /// The ports outlive it.
  LlmCall(const Ports& ports, ServiceRequest step, StepService::Done done);
  void start() override;
  void give_up() override { errand_.give_up(); }

 private:
  void ask(int round);
  void heard(ModelAnswer answer, int round);
  void repair(const ModelAnswer& answer, const std::vector<Issue>& issues);
  void fail(Error error, Duration wait_min = {});
  void end(AttemptResult result);

  const Ports ports_;
  const ServiceRequest step_;
  StepService::Done done_;
  Errand errand_;
  Duration deadline_;
  llm::Question question_;
  std::vector<ModelRoute> routes_;
  std::shared_ptr<const schema::Schema> schema_;  ///< null: any answer will do
  Usage usage_;
};

}  // namespace troupe::services
