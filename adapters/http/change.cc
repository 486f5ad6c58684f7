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

void audited(const CallPtr& call, tenancy::Permission action, std::string target,
             std::vector<std::string> changed, std::function<void()> answer) {
  const directory::Context context = context_of(call);
  const WorkspaceId workspace = call->scope.workspace;
  const ProjectId project = call->scope.project.value_or(ProjectId{});
  store::Change change;
  change.audit.push_back(
      context.line(workspace, action, std::move(target), std::move(changed), project));
  write_store<Unit>(
      call,
      [change = std::move(change), workspace, now = context.now](store::Writer& writer) {
        const Status noted =
            writer.change({Uuid(workspace)}, now, [&](store::Documents&) { return change; });
        return noted ? Result<Unit>(Unit{}) : Result<Unit>(noted.error());
      },
      [answer = std::move(answer)](Unit) { answer(); });
}

}  // namespace troupe::http
