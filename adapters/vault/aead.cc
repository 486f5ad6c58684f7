#include "adapters/vault/aead.h"

#include <sodium.h>

#include "adapters/vault/memory.h"
#include "runtime/base/ensure.h"

namespace troupe::vault {
namespace {

static_assert(kKeyBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
static_assert(kNonceBytes == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
static_assert(kTagBytes == crypto_aead_xchacha20poly1305_ietf_ABYTES);

const unsigned char* raw(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

void start_sodium() { TROUPE_ENSURE(sodium_init() >= 0); }

void fill_randomly(std::span<unsigned char> bytes) {
  start_sodium();
  randombytes_buf(bytes.data(), bytes.size());
}

SecretText random_key() {
  SecretText key = SecretText::of_size(kKeyBytes, locked_memory());
  fill_randomly(key.writable());
  return key;
}

std::string random_nonce() {
  start_sodium();
  std::string nonce(kNonceBytes, '\0');
  randombytes_buf(nonce.data(), nonce.size());
  return nonce;
}

std::string encrypt(const SecretText& key,
                    std::string_view nonce,
                    std::string_view associated_data,
                    std::string_view plain) {
  TROUPE_ENSURE(key.size() == kKeyBytes && nonce.size() == kNonceBytes);
  start_sodium();
  std::string ciphertext(plain.size() + kTagBytes, '\0');
  auto* const out = reinterpret_cast<unsigned char*>(ciphertext.data());
  crypto_aead_xchacha20poly1305_ietf_encrypt(out, nullptr, raw(plain), plain.size(),
                                             raw(associated_data), associated_data.size(), nullptr,
                                             raw(nonce), raw(key.reveal()));
  return ciphertext;
}

std::optional<SecretText> decrypt(const SecretText& key,
                                  std::string_view nonce,
                                  std::string_view associated_data,
                                  std::string_view ciphertext) {
  TROUPE_ENSURE(key.size() == kKeyBytes && nonce.size() == kNonceBytes);
  if (ciphertext.size() < kTagBytes) return std::nullopt;
  start_sodium();
  SecretText plain = SecretText::of_size(ciphertext.size() - kTagBytes);
  const int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
      plain.writable().data(), nullptr, nullptr, raw(ciphertext), ciphertext.size(),
      raw(associated_data), associated_data.size(), raw(nonce), raw(key.reveal()));
  if (failed != 0) return std::nullopt;
  return plain;
}

}  // namespace troupe::vault
