#include "adapters/http/change.h"

namespace troupe::http {

directory::Context context_of(const CallPtr& call) {
  const Services& services = call->core.services;
  return {services.hasher,      services.entropy, services.clock.now(),
          call->principal,      call->request_id, call->address};
}

store::AuditLines audit_of(const CallPtr& call, std::string target,
                           std::vector<std::string> changed) {
  const directory::Context context = context_of(call);
  return {context.line(call->scope.workspace, call->match.route->needs.permission,
                       std::move(target), std::move(changed),
                       call->scope.project.value_or(ProjectId{}))};
}

}  // namespace troupe::http
