#include "runtime/directory/identities.h"

#include <algorithm>
#include <utility>

#include "runtime/directory/codec.h"
#include "runtime/directory/members.h"
#include "runtime/tenancy/names.h"
#include "runtime/tenancy/token_text.h"

namespace troupe::directory {
namespace {

using store::Change;
using store::DocumentKind;
using tenancy::Permission;
using tenancy::TokenKind;

constexpr char kInviteMark = '~';  ///< in a cookie, before the invite

Error over() {
  return {Code::kUnauthorized,
          "This sign-in is over, or was begun in another browser: begin again.", {}};
}

std::string hashed(const Hasher& hasher, std::string_view what, std::string_view secret) {
  std::string text(what);
  text.append(secret);
  const Digest digest = hasher.hash(text);
  return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string identity_key(const Hasher& hasher, std::string_view issuer, std::string_view subject) {
  return hashed(hasher, "troupe identity 1\n" + std::string(issuer) + "\n", subject);
}

Result<std::optional<Identity>> find_identity(store::Documents& documents, const Hasher& hasher,
                                              const ProvenIdentity& proven) {
  const auto found = documents.find_by_key(DocumentKind::kIdentity, {}, {},
                                           identity_key(hasher, proven.issuer, proven.subject));
  if (!found) return found.error();
  if (!*found) return std::optional<Identity>();
  auto identity = decode_identity(**found);
  if (!identity) return identity.error();
  return std::optional(*std::move(identity));
}

Identity new_identity(const Context& context, const ProvenIdentity& proven, UserId user) {
  return {.id = context.new_id(),
          .user = user,
          .key = identity_key(context.hasher, proven.issuer, proven.subject),
          .issuer = proven.issuer,
          .email = proven.email,
          .created = context.now};
}

/// Of an address, with a few characters behind it so that it is nobody's yet.
std::string made_up_slug(Entropy& entropy, std::string_view email) {
  constexpr std::size_t kNameMax = 40;
  static constexpr char kDigits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string slug;
  for (const char c : email.substr(0, std::min(email.find('@'), kNameMax))) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    slug.push_back(is_plain ? c : '-');
  }
  slug.push_back('-');
  std::uint64_t bits = entropy.next();
  for (int i = 0; i < 8; ++i, bits /= 36) slug.push_back(kDigits[bits % 36]);
  return slug;
}

Result<SignUp> new_account(const Context& context, const ProvenIdentity& proven,
                           const NewAccountRules& rules) {
  const auto email = tenancy::check_email(proven.email);
  if (!email || !proven.email_is_verified) {
    return {Code::kForbidden,
            "The identity provider has not verified an e-mail address of yours."};
  }
  if (rules.invite.empty() && !rules.sign_up_is_open) {
    return {Code::kForbidden, "Signing up is closed here: it takes an invite."};
  }
  const auto name = tenancy::check_display_name(proven.name);
  SignUp wanted{.email = *email, .name = name ? *name : *email, .address_is_proven = true};
  if (!rules.invite.empty()) return wanted;
  wanted.workspace_slug =
      rules.workspace.empty() ? made_up_slug(context.entropy, *email) : rules.workspace;
  wanted.workspace_name = wanted.name;
  return wanted;
}

}  // namespace

Result<std::string> check_return_to(std::string_view text) {
  const bool is_path = text.starts_with('/') && !text.starts_with("//");
  const bool is_plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7f && c != '\\' && c != '"' && c != '<' && c != '>';
  });
  if (is_path && is_plain && text.size() <= kReturnToBytesMax) return std::string(text);
  return {Code::kInvalidField, "must be a path of this server, as \"/runs\"."};
}

Uuid attempt_id(const Hasher& hasher, std::string_view state) {
  return Uuid::v8(hasher.hash("troupe sign-in attempt 1\n" + std::string(state)));
}

std::string_view invite_in(std::string_view cookie) {
  const std::size_t mark = cookie.find(kInviteMark);
  return mark == std::string_view::npos ? std::string_view() : cookie.substr(mark + 1);
}

ProviderAttempt provider_attempt(const Hasher& hasher, const MadeAttempt& attempt,
                                 std::string redirect_uri) {
  return {.redirect_uri = std::move(redirect_uri),
          .state = attempt.state,
          .nonce = hashed(hasher, "troupe sign-in nonce 1\n", attempt.cookie),
          .verifier = hashed(hasher, "troupe sign-in verifier 1\n", attempt.cookie) +
                      hashed(hasher, "troupe sign-in verifier 2\n", attempt.cookie)};
}

Result<Change> begin_attempt(store::Documents&, const Context& context, const AttemptWanted& wanted,
                             MadeAttempt* made) {
  made->state = tenancy::make_token(TokenKind::kAttempt, context.entropy);
  made->cookie = tenancy::make_token(TokenKind::kAttempt, context.entropy);
  if (!wanted.invite.empty()) made->cookie += kInviteMark + wanted.invite;
  Change change;
  change.put.push_back(encode(SignInAttempt{.id = attempt_id(context.hasher, made->state),
                                            .browser = secret_key(context.hasher, made->cookie),
                                            .user = wanted.user,
                                            .return_to = wanted.return_to,
                                            .workspace = wanted.workspace,
                                            .created = context.now,
                                            .expires = context.now + kAttemptLife}));
  return change;
}

Result<Change> take_attempt(store::Documents& documents, const Context& context,
                            std::string_view state, std::string_view cookie,
                            SignInAttempt* taken) {
  const auto found =
      documents.find(DocumentKind::kSignInAttempt, attempt_id(context.hasher, state));
  if (!found) return found.error();
  if (!*found) return over();
  auto attempt = decode_attempt(**found);
  if (!attempt) return attempt.error();
  // Another browser's does not end it: whoever began it may still come back.
  const bool is_same =
      tenancy::same_secret(attempt->browser, secret_key(context.hasher, cookie));
  if (!is_same || attempt->expires <= context.now) return over();
  Change change;
  change.removed.push_back({DocumentKind::kSignInAttempt, attempt->id});
  *taken = *std::move(attempt);
  return change;
}

Result<UserId> find_by_identity(store::Documents& documents, const Hasher& hasher,
                                const ProvenIdentity& proven) {
  const auto known = find_identity(documents, hasher, proven);
  if (!known) return known.error();
  return *known ? (*known)->user : UserId{};
}

Result<Change> sign_in_by_identity(store::Documents& documents, const Context& context,
                                   const Stamp& stamp, const ProvenIdentity& proven,
                                   const NewAccountRules& rules, SignedIn* made) {
  const auto known = find_identity(documents, context.hasher, proven);
  if (!known) return known.error();
  if (*known) {
    const auto user = find_user(documents, (*known)->user);
    if (!user) return user.error();
    if (!*user) return over();
    return sign_in(documents, context, stamp, **user, {}, made);
  }
  const auto wanted = new_account(context, proven, rules);
  if (!wanted) return wanted.error();
  SignedUp with_workspace;
  auto change = rules.invite.empty()
                    ? sign_up(documents, context, stamp, *wanted, &with_workspace)
                    : sign_up_invited(documents, context, stamp, *wanted, rules.invite,
                                      &with_workspace.in);
  if (!change && change.error().code == Code::kConflict) {
    change.error().message +=
        " If the account is yours, sign in to it and connect the identity provider there.";
  }
  if (!change) return change;
  *made = with_workspace.in;
  change->put.push_back(encode(new_identity(context, proven, made->user.id)));
  return change;
}

Result<Change> connect_identity(store::Documents& documents, const Context& context,
                                const ProvenIdentity& proven, UserId user) {
  const auto known = find_identity(documents, context.hasher, proven);
  if (!known) return known.error();
  if (*known) return Error{Code::kConflict, "This identity is connected to an account.", {}};
  const auto account = find_user(documents, user);
  if (!account) return account.error();
  if (!*account) return over();
  const auto own = identities_of(documents, user);
  if (!own) return own.error();
  if (own->size() >= kIdentitiesMax) {
    return Error{Code::kLimitExceeded, "A user may have 20 identities.", {}};
  }
  const Identity identity = new_identity(context, proven, user);
  Change change;
  change.put.push_back(encode(identity));
  // The attempt was begun in a session of his, and has come back to the same browser.
  Context as_user = context;
  as_user.by = tenancy::SessionUser{user, {}};
  change.audit.push_back(as_user.line({}, Permission::kSelfChange,
                                      "identity:" + identity.id.to_string(), {"connected"}));
  return change;
}

Result<std::vector<Identity>> identities_of(store::Documents& documents, UserId user) {
  return decode_all(documents.all({DocumentKind::kIdentity, {}, {}, Uuid(user)}), decode_identity);
}

Result<Change> disconnect_identity(store::Documents& documents, const Context& context,
                                   Uuid identity) {
  const auto caller = tenancy::user_of(context.by);
  const auto own = identities_of(documents, caller.value_or(UserId{}));
  if (!own) return own.error();
  const bool is_own = std::any_of(own->begin(), own->end(),
                                  [&](const Identity& one) { return one.id == identity; });
  if (!caller || !is_own) return Error{Code::kNotFound, "There is no such identity.", {}};
  const auto user = find_user(documents, *caller);
  if (!user) return user.error();
  const bool has_password = *user && !(*user)->password_hash.empty();
  if (own->size() == 1 && !has_password) {
    return Error{Code::kConflict, "This is the only way into the account.", {}};
  }
  Change change;
  change.removed.push_back({DocumentKind::kIdentity, identity});
  change.audit.push_back(context.line({}, Permission::kSelfChange,
                                      "identity:" + identity.to_string(), {"disconnected"}));
  return change;
}

}  // namespace troupe::directory
