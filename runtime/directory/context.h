#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/port/documents.h"
#include "runtime/port/system.h"
#include "runtime/tenancy/audit.h"
#include "runtime/tenancy/principal.h"

namespace troupe::directory {

/// Who asks for a change, when, and what new ids and secrets come from. For one call.
struct Context {
  const Hasher& hasher;
  Entropy& entropy;
  TimePoint now;
  tenancy::Principal by;
  std::string request_id;
  std::string address;  ///< of the peer

  Uuid new_id() const;
  /// The line that a change leaves in a workspace's log (unset: the installation's).
  store::AuditLine line(WorkspaceId workspace,
                        tenancy::Permission action,
                        std::string target,
                        std::vector<std::string> changed = {},
                        ProjectId project = {}) const;
};

/// Under which a secret text is found: a hash, from which nobody gets the text.
std::string secret_key(const Hasher& hasher, std::string_view text);

/// The id of what there is one of for these two, such as a user's membership of a workspace.
Uuid id_of_pair(const Hasher& hasher, std::string_view what, const Uuid& one, const Uuid& other);

}  // namespace troupe::directory
