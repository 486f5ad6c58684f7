#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "runtime/port/engine.h"
#include "runtime/tenancy/authorise.h"

namespace troupe::edge {

/// The token of "Bearer <token>", whose scheme is written in letters of any case; empty for a text
/// that is not so.
std::string_view bearer_token(std::string_view authorization);

/// Who asks, and what he is in the place that the request names.
struct Caller {
  tenancy::Principal principal;
  tenancy::Standing standing;
  store::TenantScope scope;  ///< of that place, if it is there
  TimePoint expires;         ///< of the credential; unset: never
};

/// Who asks, and in which place, as a request's header or subject names them.
struct Question {
  std::string token;
  std::string tenant;   ///< slug or id of a workspace, or empty
  std::string project;  ///< slug or id, or empty
};

/// Knows who a credential is and what he is in a place. Thread-safe.
class Authority {
 public:
  using Known = std::shared_ptr<const Caller>;

  virtual ~Authority() = default;
  /// At once if it is known. An unknown or expired credential is Nobody, which is no error.
  virtual Known find(const Question& question) = 0;
  /// Asks the store. Errors are the store's own.
  virtual void look_up(Question question, Callback<Known> done) = 0;
  /// Whether such a caller may, as `tenancy::authorise` has it.
  virtual Result<tenancy::Grant> authorise(const Caller& caller,
                                           tenancy::Permission permission) const = 0;
};

}  // namespace troupe::edge
