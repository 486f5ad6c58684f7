#include "deploy/troupe/owner_access.h"

namespace troupe::cli {

Result<tenancy::Principal> OwnerAccess::authenticate(std::string_view token) const {
  // Every byte is looked at, so that the time taken does not tell how many were right.
  unsigned different = token.size() == token_.size() ? 0 : 1;
  for (std::size_t i = 0; i < token_.size(); ++i) {
    const char given = i < token.size() ? token[i] : '\0';
    different |= static_cast<unsigned>(static_cast<unsigned char>(given ^ token_[i]));
  }
  if (different != 0) return {Code::kUnauthorized, "The token is not known here."};
  return tenancy::Principal(tenancy::Operator{});
}

}  // namespace troupe::cli
