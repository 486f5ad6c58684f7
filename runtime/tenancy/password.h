#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace troupe::tenancy {

inline constexpr std::size_t kPasswordMin = 8;
inline constexpr std::size_t kPasswordMax = 256;

/// What one password is judged by, beside the rules for all. Views, for the call alone.
struct PasswordContext {
  /// What somebody who knows the person tries first: name, e-mail address, slug of the workspace.
  std::span<const std::string> own_words;
  /// Whole passwords that are refused as well, in lower case and sorted: a list that whoever runs
  /// the installation brings.
  std::span<const std::string> refused;
};

/// Whether somebody may choose this password: 8 to 256 code points, of whatever kind, and none that
/// guessing begins with. No rule asks for digits or marks: such rules make "Password1!". The error
/// is kInvalidField, or kLimitExceeded if it is too long; its message goes on behind the field's
/// name and never repeats the password.
Status check_password(std::string_view password, const PasswordContext& context = {});

/// Whether guessing begins with it, letter case aside: one or two common words, with at most four
/// characters or a walk around them and with the usual digits for letters, also backwards; walks
/// over the keyboard or the alphabet; a short part again and again; a date.
bool is_common_password(std::string_view password);

}  // namespace troupe::tenancy
