#include "adapters/services/services.h"

#include <utility>

#include "adapters/services/http_call.h"
#include "adapters/services/llm_call.h"

namespace troupe::services {

StepService::Ticket Services::call(ServiceRequest request, Done done) {
  Ticket ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    ticket = ++last_;
  }
  const auto asked =
      make(std::move(request), [this, ticket, done = std::move(done)](AttemptResult result) {
        std::shared_ptr<Asked> over;
        {
          const std::lock_guard lock(mutex_);
          const auto found = open_.find(ticket);
          if (found != open_.end()) {
            over = std::move(found->second);
            open_.erase(found);
          }
        }
        done(std::move(result));
      });
  {
    const std::lock_guard lock(mutex_);
    open_.emplace(ticket, asked);
  }
  asked->start();
  return ticket;
}

std::shared_ptr<Asked> Services::make(ServiceRequest request, Done done) {
  if (request.type == "llm_call") {
    return std::make_shared<LlmCall>(
        LlmCall::Ports{ports_.egress, ports_.credentials, ports_.clock, ports_.patterns,
                       [this](const std::string& provider, const Usage& usage) {
                         count(provider, usage);
                       }},
        std::move(request), std::move(done));
  }
  return std::make_shared<HttpCall>(ports_.egress, ports_.credentials, std::move(request),
                                    std::move(done));
}

void Services::count(const std::string& provider, const Usage& usage) {
  const auto add = [&](std::string_view direction, std::int64_t tokens) {
    if (tokens == 0) return;
    ports_.metrics.counter("llm_tokens_total", provider, direction)
        .add(static_cast<double>(tokens));
  };
  add("input", usage.input);
  add("cache_read", usage.cache_read);
  add("cache_write", usage.cache_write);
  add("output", usage.output);
}

void Services::cancel(Ticket ticket) {
  std::shared_ptr<Asked> asked;
  {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(ticket);
    if (found == open_.end()) return;
    asked = std::move(found->second);
    open_.erase(found);
  }
  asked->give_up();
}

}  // namespace troupe::services
