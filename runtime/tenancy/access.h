#pragma once

#include <string_view>

#include "runtime/base/result.h"
#include "runtime/tenancy/principal.h"

namespace troupe::tenancy {

/// Knows the credentials that there are. Thread-safe, does not block.
class Access {
 public:
  virtual ~Access() = default;
  /// kUnauthorized: nobody has this token.
  virtual Result<Principal> authenticate(std::string_view token) const = 0;
};

}  // namespace troupe::tenancy
