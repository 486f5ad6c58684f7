#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/port/system.h"

namespace troupe::tenancy {

// The texts that are secrets: four characters that say of what kind, 30 base-62 characters (178
// bits), and six that are the CRC-32 of those, so that a mistyped or made-up one is refused without
// a look into any store, and a leaked one is easily found by its form. Stored are hashes only.

enum class TokenKind : std::uint8_t {
  kAccess,   ///< pat_…: of a program
  kSession,  ///< ses_…: in the cookie of a browser
  kInvite,   ///< inv_…: in the e-mail to somebody invited
  kAttempt,  ///< att_…: of a sign-in whose user is at an identity provider
  kMail,     ///< eml_…: in a letter to a user, for one deed
};

std::string make_token(TokenKind kind, Entropy& entropy);

/// Of what kind the text is; nothing if it is no token: wrong in form or in its checksum.
std::optional<TokenKind> kind_of_token(std::string_view text);

/// As much of a token as lists may show: its kind and four characters of 30, as a view
/// into it. Nothing of what is no token.
std::string_view shown_part(std::string_view token);

/// Whether both are the same, in a time that says only whether their sizes are.
bool same_secret(std::string_view a, std::string_view b);

}  // namespace troupe::tenancy
