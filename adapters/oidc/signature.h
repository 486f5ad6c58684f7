#pragma once

#include <string>
#include <string_view>

#include "runtime/oidc/key_set.h"

namespace troupe::oidc {

/// Whether this key has signed this text. False also for a key that is no point of its curve.
bool is_signed_by(const PublicKey& key, Algorithm algorithm, std::string_view text,
                  std::string_view signature);

std::string sha256(std::string_view bytes);
/// Padded, standard alphabet.
std::string encode_base64(std::string_view bytes);

}  // namespace troupe::oidc
