#include "adapters/nats/events.h"

#include <algorithm>
#include <string>

#include "adapters/nats/subject.h"
#include "runtime/base/uuid.h"

namespace troupe::nats {
namespace {

/// Dotted words, such as run.step.completed.
bool is_type(std::string_view type) {
  const auto tokens = tokens_of(type);
  return type.size() <= 128 && std::all_of(tokens.begin(), tokens.end(), is_queue_name);
}

}  // namespace

Status Events::publish(std::string_view workspace, std::string_view project, std::string_view run,
                       std::uint64_t seq, std::string_view type, std::string_view cloud_event) {
  const bool is_scope = is_slug(workspace) && (project.empty() || is_slug(project));
  if (!is_scope || !Uuid::parse(run) || !is_type(type)) {
    return {Code::kInvalidRequest, "An event of no workspace, project, run or type."};
  }
  std::string subject = "troupe.v1.events.";
  subject.append(workspace).append(".").append(project.empty() ? kNoProject : project);
  subject.append(".").append(run);
  return connection_.publish({std::move(subject),
                              {},
                              cloud_event,
                              {{"Nats-Msg-Id", std::string(run) + "/" + std::to_string(seq)},
                               {"Troupe-Event", std::string(type)}}});
}

}  // namespace troupe::nats
