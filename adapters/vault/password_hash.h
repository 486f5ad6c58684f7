#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::vault {

inline constexpr std::size_t kSaltBytes = 16;
inline constexpr std::size_t kHashBytes = 32;
inline constexpr std::uint32_t kMemoryKibMax = 1024 * 1024;
inline constexpr std::uint32_t kPassesMax = 64;

/// A hash of Argon2id, version 1.3, one lane, as it is stored:
/// `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`, both in base64 without padding.
struct PasswordHash {
  std::uint32_t memory_kib = 0;
  std::uint32_t passes = 0;
  std::string salt;  ///< kSaltBytes
  std::string hash;  ///< kHashBytes
};

std::string write(const PasswordHash& hash);
/// Nothing for any other text, also for one that would cost more than kMemoryKibMax and kPassesMax:
/// whoever can write into the store must not be able to take a node's memory by it.
std::optional<PasswordHash> parse_password_hash(std::string_view text);

}  // namespace troupe::vault
