#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace troupe::oidc {

/// Signatures that count (RFC 7518, 8037): by a key of the provider's alone. Neither `none` nor a
/// shared secret is among them.
enum class Algorithm : std::uint8_t {
  kRs256, kRs384, kRs512, kPs256, kPs384, kPs512, kEs256, kEs384, kEs512, kEdDsa
};
/// kUnauthorized for any other.
Result<Algorithm> parse_algorithm(std::string_view name);

enum class KeyKind : std::uint8_t { kRsa, kP256, kP384, kP521, kEd25519 };
/// Whether a key of this kind makes such signatures.
bool fits(KeyKind kind, Algorithm algorithm);

/// A public key as numbers, big end first.
struct PublicKey {
  KeyKind kind = KeyKind::kRsa;
  std::string id;  ///< empty: it has none
  std::string algorithm;  ///< the only one that it is for; empty: any that fits
  std::string n, e;  ///< of RSA
  std::string x, y;  ///< of curves; Ed25519 has x alone
};

/// A provider's keys (RFC 7517). Those that are not for signing, or of a kind that we have no use
/// for, are left out. kUnavailable for what is no key set.
Result<std::vector<PublicKey>> parse_key_set(std::string_view text);

/// Those that may have signed: of the id that the token names, or all that fit if it names none.
std::vector<const PublicKey*> candidates(const std::vector<PublicKey>& keys,
                                         std::string_view key_id,
                                         std::string_view algorithm_name,
                                         Algorithm algorithm);

}  // namespace troupe::oidc
