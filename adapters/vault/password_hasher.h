#pragma once

#include <memory>
#include <string>

#include "adapters/vault/hash_gate.h"
#include "adapters/vault/options.h"
#include "adapters/vault/password_hash.h"
#include "runtime/port/secrets.h"

namespace troupe::vault {

/// Argon2id by libsodium. Hashes that were made with other costs keep matching; `verify` says when
/// one is cheaper than what is asked for now. Its memory is its own for the time of a call.
class Argon2PasswordHasher final : public PasswordHasher {
 public:
  /// kConfigInvalid if the costs are under the least or over the most that options.h names.
  static Result<std::unique_ptr<Argon2PasswordHasher>> make(const PasswordOptions& options);

  Result<std::string> hash(const SecretText& password) override;
  Result<PasswordMatch> verify(const SecretText& password, std::string_view hash) override;
  Result<PasswordMatch> verify_against_nobody(const SecretText& password) override;

  /// The places of the hashes, so that other work of their size can count against them.
  HashGate& gate() { return gate_; }

 private:
  explicit Argon2PasswordHasher(const PasswordOptions& options);
  PasswordHash with_new_salt() const;
  Result<SecretText> compute(const SecretText& password, const PasswordHash& like);

  const PasswordOptions options_;
  const PasswordHash nobody_;  ///< matches no password that anybody knows
  HashGate gate_;
};

}  // namespace troupe::vault
