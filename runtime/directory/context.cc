#include "runtime/directory/context.h"

#include <utility>

#include "runtime/directory/codec.h"

namespace troupe::directory {

Uuid Context::new_id() const { return Uuid::v7(now, entropy.next(), entropy.next()); }

store::AuditLine Context::line(WorkspaceId workspace,
                               tenancy::Permission action,
                               std::string target,
                               std::vector<std::string> changed,
                               ProjectId project) const {
  tenancy::AuditEntry entry;
  entry.at = now;
  if (project.set()) entry.project = project;
  entry.actor = tenancy::audit_actor(by);
  entry.action = action;
  entry.target = std::move(target);
  entry.changed = std::move(changed);
  entry.request_id = request_id;
  entry.address = address;
  return tenancy::audit_line(hasher, workspace, std::move(entry));
}

std::string secret_key(const Hasher& hasher, std::string_view text) {
  std::string bytes = "troupe token 1\n";
  bytes.append(text);
  const Digest digest = hasher.hash(bytes);
  wipe(bytes);
  return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

Uuid id_of_pair(const Hasher& hasher, std::string_view what, const Uuid& one, const Uuid& other) {
  std::string bytes(what);
  for (const Uuid& id : {one, other}) {
    const auto raw = id.bytes();
    bytes.append(reinterpret_cast<const char*>(raw.data()), raw.size());
  }
  return Uuid::v8(hasher.hash(bytes));
}

}  // namespace troupe::directory
