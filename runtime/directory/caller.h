#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/directory/records.h"
#include "runtime/tenancy/authorise.h"

namespace troupe::directory {

/// Who a token stands for.
struct Credential {
  tenancy::Principal principal;
  TimePoint expires;  ///< from here on it is none; unset: never
};
/// Nobody, for a text that is no token of anybody's, or over.
Result<Credential> credential_of(store::Documents& documents,
                                 const Hasher& hasher,
                                 std::string_view token,
                                 TimePoint now);

/// That what the context's caller asks with has neither ended nor been revoked: kUnauthorized. The
/// operator has his token from elsewhere, and nobody has none.
Status check_alive(store::Documents& documents, const Context& context);

/// The places that a request names, and what the caller is there.
struct Place {
  tenancy::Standing standing;
  store::TenantScope scope;  ///< of what is there; the workspace-global one if no project is named
};
/// `tenant` and `project` are slugs or ids, or empty. What is not named is that of the token's
/// binding; for the operator, and for his tokens, it is `default`, and for him a workspace without
/// a project of that name counts as a whole. A project that is archived is not there.
Result<Place> place_of(store::Documents& documents,
                       const Hasher& hasher,
                       const tenancy::Principal& principal,
                       std::string_view tenant,
                       std::string_view project);

/// Projects of a workspace as `Grant::shows` judges them, with their rows.
struct SeenProject {
  store::Project row;
  tenancy::ProjectStanding standing;
};
Result<std::vector<SeenProject>> projects_seen(store::Documents& documents,
                                               const tenancy::Principal& principal,
                                               const tenancy::Grant& grant);

/// Whether a grant that was given before a change began still would be inside it: what has been
/// looked up earlier may be a moment old, and what a change writes stays. Errors as `check_alive`
/// and `tenancy::authorise`; kForbidden if the caller has become less in the workspace.
Status still_granted(store::Documents& documents,
                     const Context& context,
                     const tenancy::Grant& grant);

}  // namespace troupe::directory
