#include "runtime/tenancy/names.h"

#include <algorithm>
#include <utility>

#include "runtime/tenancy/utf8.h"

namespace troupe::tenancy {
namespace {

constexpr std::size_t kEmailSizeMax = 254;
constexpr std::size_t kMailboxSizeMax = 64;
constexpr std::size_t kLabelSizeMax = 63;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_slug_char(char c) { return is_lower(c) || is_digit(c) || c == '-'; }

Error wrong(std::string why) { return {Code::kInvalidField, std::move(why), {}}; }
Error too_long(std::size_t max, std::string_view unit) {
  return {Code::kLimitExceeded,
          "is longer than " + std::to_string(max) + " " + std::string(unit) + ".",
          {}};
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string lower(std::string_view text) {
  std::string folded(text);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

bool may_be_shown(char32_t c) {
  const bool is_control = c < 0x20 || (c >= 0x7F && c < 0xA0);
  const bool is_break = c == 0x2028 || c == 0x2029;
  const bool is_turn = c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
                       (c >= 0x2066 && c <= 0x2069);
  return !is_control && !is_break && !is_turn && c != 0xFEFF;
}

bool is_mailbox(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+/=?^_`{|}~-.";
  const bool is_plain = std::all_of(text.begin(), text.end(), [&](char c) {
    return is_lower(c) || is_digit(c) || kMarks.find(c) != std::string_view::npos;
  });
  return is_plain && !text.starts_with('.') && !text.ends_with('.') &&
         text.find("..") == std::string_view::npos;
}

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= kLabelSizeMax && text.front() != '-' &&
         text.back() != '-' && std::all_of(text.begin(), text.end(), is_slug_char);
}

/// A last label of digits alone would be an IP address.
bool is_domain(std::string_view text) {
  std::size_t labels = 0;
  std::string_view last;
  for (std::size_t end = 0; end != std::string_view::npos; ++labels) {
    end = text.find('.');
    last = text.substr(0, end);
    if (!is_label(last)) return false;
    if (end != std::string_view::npos) text.remove_prefix(end + 1);
  }
  return labels >= 2 && !std::all_of(last.begin(), last.end(), is_digit);
}

}  // namespace

bool is_slug(std::string_view text) {
  return !text.empty() && text.size() <= kSlugSizeMax &&
         std::all_of(text.begin(), text.end(), is_slug_char);
}

Result<std::string> check_slug(std::string_view text) {
  if (is_slug(text)) return std::string(text);
  if (text.empty()) return wrong("must not be empty.");
  if (text.size() > kSlugSizeMax) return too_long(kSlugSizeMax, "characters");
  return wrong("may have lower-case letters (a-z), digits and hyphens only.");
}

Result<std::string> check_display_name(std::string_view text, std::size_t code_points_max) {
  const std::string_view name = trimmed(text);
  if (name.empty()) return wrong("must not be empty.");
  std::size_t count = 0;
  for (std::string_view rest = name; !rest.empty(); ++count) {
    const std::optional<char32_t> code_point = take_code_point(rest);
    if (!code_point) return wrong("is not valid UTF-8.");
    if (!may_be_shown(*code_point)) return wrong("has a character that cannot be shown.");
  }
  if (count > code_points_max) return too_long(code_points_max, "characters");
  return std::string(name);
}

Result<std::string> check_colour(std::string_view text) {
  std::string colour = lower(text);
  const bool is_colour = colour.size() == 7 && colour[0] == '#' &&
                         std::all_of(colour.begin() + 1, colour.end(),
                                     [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
  if (!is_colour) return wrong("must be a colour such as #2f6fed.");
  return colour;
}

Result<std::string> check_email(std::string_view text) {
  std::string address = lower(trimmed(text));
  if (address.empty()) return wrong("must not be empty.");
  if (address.size() > kEmailSizeMax) return too_long(kEmailSizeMax, "bytes");
  const std::size_t at = address.find('@');
  if (at == std::string::npos || address.find('@', at + 1) != std::string::npos) {
    return wrong("must be an e-mail address with one @.");
  }
  const std::string_view mailbox = std::string_view(address).substr(0, at);
  if (mailbox.empty()) return wrong("has nothing before the @.");
  if (mailbox.size() > kMailboxSizeMax) {
    return wrong("has more than " + std::to_string(kMailboxSizeMax) + " bytes before the @.");
  }
  if (!is_mailbox(mailbox)) return wrong("has characters before the @ that are not accepted.");
  if (!is_domain(std::string_view(address).substr(at + 1))) {
    return wrong("has no domain name behind the @.");
  }
  return address;
}

}  // namespace troupe::tenancy
