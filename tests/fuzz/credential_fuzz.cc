#include "adapters/http/credential.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "adapters/system/hasher.h"
#include "runtime/base/ensure.h"
#include "runtime/tenancy/names.h"
#include "runtime/tenancy/token_scope.h"
#include "runtime/tenancy/token_text.h"
#include "tests/fuzz/entries.h"

namespace troupe::fuzz {
namespace {

constexpr std::string_view kSession = "ses_a-session-of-somebody";

bool lies_in(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void read_header(std::string_view authorization, std::string_view cookies) {
  const http::Credential found = http::credential_of(authorization, cookies);
  TROUPE_ENSURE(found.by_cookie == authorization.empty());
  TROUPE_ENSURE(lies_in(found.text, found.by_cookie ? cookies : authorization));
  if (found.by_cookie) TROUPE_ENSURE(found.text.find(';') == std::string_view::npos);
  // Whatever else a browser sends, a session's own field line gives that session back, unless the
  // others hold one before it.
  const std::string own =
      std::string(http::kSessionCookie) + "=" + std::string(kSession) + ";" + std::string(cookies);
  TROUPE_ENSURE(http::credential_of("", own).text == kSession);
}

void read_page(const std::array<std::string_view, 4>& fields) {
  static const system::Blake2bHasher hasher;
  static const std::string right = http::csrf_token_of(hasher, kSession);
  const http::PageFields page{fields[0], fields[1], fields[2], fields[3]};
  const Status ours = http::check_page(hasher, kSession, page);
  TROUPE_ENSURE(ours.ok() ? fields[0] == right : ours.error().code == Code::kForbidden);
  const Status origin = http::check_origin(page);
  TROUPE_ENSURE(origin.ok() || origin.error().code == Code::kForbidden);
}

void read_words(std::string_view text) {
  const auto kind = tenancy::kind_of_token(text);
  const std::string_view shown = tenancy::shown_part(text);
  TROUPE_ENSURE(kind.has_value() ? text.size() == 40 && text.starts_with(shown) && shown.size() == 8
                                 : shown.empty());
  TROUPE_ENSURE(tenancy::same_secret(text, text));
  const auto scopes = tenancy::Scopes::parse(text);
  if (scopes) {
    const auto again = tenancy::Scopes::parse(scopes->to_string());
    TROUPE_ENSURE(again && *again == *scopes);
  } else {
    TROUPE_ENSURE(scopes.error().code == Code::kInvalidField);
  }
  // What a check gives is what it gives again: the form in which it is compared.
  for (const auto check : {tenancy::check_email, tenancy::check_slug, tenancy::check_colour}) {
    const Result<std::string> fit = check(text);
    if (!fit) continue;
    const Result<std::string> again = check(*fit);
    TROUPE_ENSURE(again && *again == *fit);
  }
}

}  // namespace

// What says who asks: two lines of a header, four fields of a page, and the words in a token.
void fuzz_credential(std::string_view bytes) {
  read_words(bytes);
  std::array<std::string_view, 4> lines;
  std::string_view rest = bytes;
  for (std::string_view& line : lines) {
    line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    read_words(line);
  }
  read_header(lines[0], lines[1]);
  read_header("", lines[1]);
  read_page(lines);
}

}  // namespace troupe::fuzz
