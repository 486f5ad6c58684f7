#pragma once

#include <cstddef>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/secret_text.h"

namespace troupe::vault {

// XChaCha20-Poly1305: authenticated encryption whose nonces are long enough to be drawn at random.

inline constexpr std::size_t kKeyBytes = 32;
inline constexpr std::size_t kNonceBytes = 24;
inline constexpr std::size_t kTagBytes = 16;

/// Makes libsodium choose the code for this processor and open its random source. Everything in
/// this folder that needs it calls it; again costs nothing.
void start_sodium();

void fill_randomly(std::span<unsigned char> bytes);
/// A new key, in locked memory.
SecretText random_key();
std::string random_nonce();

/// The ciphertext with its tag behind it: `plain` and kTagBytes more.
std::string encrypt(const SecretText& key,
                    std::string_view nonce,
                    std::string_view associated_data,
                    std::string_view plain);
/// Nothing, unless all four are those of `encrypt`.
std::optional<SecretText> decrypt(const SecretText& key,
                                  std::string_view nonce,
                                  std::string_view associated_data,
                                  std::string_view ciphertext);

}  // namespace troupe::vault
