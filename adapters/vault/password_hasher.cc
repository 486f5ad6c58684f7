#include "adapters/vault/password_hasher.h"

#include <sodium.h>

#include <utility>

#include "adapters/vault/aead.h"

namespace troupe::vault {
namespace {

static_assert(kSaltBytes == crypto_pwhash_argon2id_SALTBYTES);

constexpr PasswordOptions kLeast;
constexpr std::uint32_t kConcurrentMax = 1024;

std::string random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  fill_randomly({reinterpret_cast<unsigned char*>(bytes.data()), bytes.size()});
  return bytes;
}

}  // namespace

Result<std::unique_ptr<Argon2PasswordHasher>> Argon2PasswordHasher::make(
    const PasswordOptions& options) {
  if (options.memory_kib < kLeast.memory_kib || options.memory_kib > kMemoryKibMax ||
      options.passes < kLeast.passes || options.passes > kPassesMax || options.concurrent_max < 1 ||
      options.concurrent_max > kConcurrentMax) {
    return {Code::kConfigInvalid, "A password hash takes " + std::to_string(kLeast.memory_kib) +
                                      " to " + std::to_string(kMemoryKibMax) + " KiB and " +
                                      std::to_string(kLeast.passes) + " to " +
                                      std::to_string(kPassesMax) + " passes, 1 to " +
                                      std::to_string(kConcurrentMax) + " at once."};
  }
  return std::unique_ptr<Argon2PasswordHasher>(new Argon2PasswordHasher(options));
}

Argon2PasswordHasher::Argon2PasswordHasher(const PasswordOptions& options)
    : options_(options), nobody_(with_new_salt()), gate_(options.concurrent_max) {}

PasswordHash Argon2PasswordHasher::with_new_salt() const {
  return {options_.memory_kib, options_.passes, random_bytes(kSaltBytes), {}};
}

Result<SecretText> Argon2PasswordHasher::compute(const SecretText& password,
                                                 const PasswordHash& like) {
  if (password.size() > kPasswordBytesMax) {
    return {Code::kLimitExceeded,
            "A password may have " + std::to_string(kPasswordBytesMax) + " bytes."};
  }
  const std::optional<HashGate::Place> place = gate_.try_enter();
  if (!place) return {Code::kOverloaded, "As many passwords as may be are being checked."};
  start_sodium();
  SecretText hash = SecretText::of_size(kHashBytes);
  const std::string_view text = password.reveal();
  const int failed =
      crypto_pwhash(hash.writable().data(), hash.size(), text.empty() ? "" : text.data(),
                    text.size(), reinterpret_cast<const unsigned char*>(like.salt.data()),
                    like.passes, std::size_t{like.memory_kib} * 1024, crypto_pwhash_ALG_ARGON2ID13);
  if (failed != 0) return {Code::kOverloaded, "There is no memory to check a password with."};
  return hash;
}

Result<std::string> Argon2PasswordHasher::hash(const SecretText& password) {
  PasswordHash made = with_new_salt();
  const Result<SecretText> hash = compute(password, made);
  if (!hash) return hash.error();
  made.hash = hash->reveal();
  return write(made);
}

Result<PasswordMatch> Argon2PasswordHasher::verify(const SecretText& password,
                                                   std::string_view hash) {
  const std::optional<PasswordHash> stored = parse_password_hash(hash);
  if (!stored) return {Code::kCorrupt, "The stored hash of a password is none."};
  const Result<SecretText> computed = compute(password, *stored);
  if (!computed) return computed.error();
  if (!equal_in_constant_time(computed->reveal(), stored->hash)) return PasswordMatch::kNo;
  const bool is_cheap =
      stored->memory_kib < options_.memory_kib || stored->passes < options_.passes;
  return is_cheap ? PasswordMatch::kYesHashAnew : PasswordMatch::kYes;
}

Result<PasswordMatch> Argon2PasswordHasher::verify_against_nobody(const SecretText& password) {
  const Result<SecretText> computed = compute(password, nobody_);
  if (!computed) return computed.error();
  return PasswordMatch::kNo;
}

}  // namespace troupe::vault
