#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace troupe::tenancy {

// What people may call things. Each check gives the text in the one form in which it is stored and
// compared, or kInvalidField (kLimitExceeded where only the length is wrong) with a message that
// goes on behind the field's name: "must not be empty.".

inline constexpr std::size_t kSlugSizeMax = 63;
inline constexpr std::size_t kDisplayNameMax = 100;
inline constexpr std::size_t kEnvironmentNameMax = 50;

/// Of a workspace, project or environment: [a-z0-9-]{1,63}. Nothing is folded, since slugs stand in
/// addresses.
bool is_slug(std::string_view text);
Result<std::string> check_slug(std::string_view text);

/// A name for people, without white space around it: 1 to `code_points_max` code points, no control
/// characters, line breaks, or marks that turn the direction of writing, with which a name could
/// look like another one or spoil a list.
Result<std::string> check_display_name(std::string_view text,
                                       std::size_t code_points_max = kDisplayNameMax);
inline Result<std::string> check_environment_name(std::string_view text) {
  return check_display_name(text, kEnvironmentNameMax);
}

/// "#RRGGBB", in lower case.
Result<std::string> check_colour(std::string_view text);

/// The address without white space around it, in lower case: two that differ in case alone are one
/// person's. ASCII, one @; before it 1 to 64 letters, digits and !#$%&'*+/=?^_`{|}~- with single
/// dots between them; behind it a domain name of two labels or more; 254 bytes at most.
/// Whether there is such a mailbox only a message to it can tell.
Result<std::string> check_email(std::string_view text);

}  // namespace troupe::tenancy
