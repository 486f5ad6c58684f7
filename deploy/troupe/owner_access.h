#pragma once

#include <string>
#include <utility>

#include "runtime/tenancy/access.h"

namespace troupe::cli {

/// Knows one token, the owner's. Immutable; any thread.
class OwnerAccess final : public tenancy::Access {
 public:
  explicit OwnerAccess(std::string token) : token_(std::move(token)) {}
  Result<tenancy::Principal> authenticate(std::string_view token) const override;

 private:
  const std::string token_;
};

}  // namespace troupe::cli
