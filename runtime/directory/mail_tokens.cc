#include "runtime/directory/mail_tokens.h"

#include <utility>

#include "runtime/directory/sign_in.h"
#include "runtime/tenancy/token_text.h"

namespace troupe::directory {
namespace {

using store::Change;
using store::DocumentKind;
using tenancy::Permission;

Error over() {
  return {Code::kNotFound, "This link is over, or has been used: ask for another one.", {}};
}

std::string target_of(UserId user) { return "user:" + user.to_string(); }

Result<std::vector<MailToken>> tokens_of(store::Documents& documents, UserId user) {
  return decode_all(documents.all({DocumentKind::kMailToken, {}, {}, Uuid(user)}),
                    decode_mail_token);
}

}  // namespace

Duration life_of(MailPurpose purpose) {
  return purpose == MailPurpose::kResetPassword ? kResetLife : kVerificationLife;
}

Result<Change> make_mail_token(store::Documents& documents, const Context& context, UserId user,
                               MailPurpose purpose, MadeMailToken* made) {
  const auto found = find_user(documents, user);
  if (!found) return found.error();
  if (!*found) return Error{Code::kNotFound, "There is no such user.", {}};
  made->user = **found;
  if (!check_enabled(made->user)) return Change{};
  const auto tokens = tokens_of(documents, user);
  if (!tokens) return tokens.error();
  Change change;
  for (const MailToken& token : *tokens) {
    if (token.purpose != purpose) continue;
    if (token.created.us + kLetterPause.us > context.now.us) return Change{};
    change.removed.push_back({DocumentKind::kMailToken, token.id});
  }
  made->text = tenancy::make_token(tenancy::TokenKind::kMail, context.entropy);
  change.put.push_back(encode(MailToken{.id = context.new_id(),
                                        .user = user,
                                        .key = secret_key(context.hasher, made->text),
                                        .purpose = purpose,
                                        .email = made->user.email,
                                        .created = context.now,
                                        .expires = context.now + life_of(purpose)}));
  return change;
}

Result<User> user_of_mail_token(store::Documents& documents, const Hasher& hasher,
                                std::string_view text, MailPurpose purpose, TimePoint now) {
  if (tenancy::kind_of_token(text) != tenancy::TokenKind::kMail) return over();
  const auto found =
      documents.find_by_key(DocumentKind::kMailToken, {}, {}, secret_key(hasher, text));
  if (!found) return found.error();
  if (!*found) return over();
  const auto token = decode_mail_token(**found);
  if (!token) return token.error();
  if (token->purpose != purpose || token->expires <= now) return over();
  auto user = find_user(documents, token->user);
  if (!user) return user.error();
  if (!*user || (*user)->email != token->email || !check_enabled(**user)) return over();
  return **std::move(user);
}

Result<Change> reset_password(store::Documents& documents, const Context& context,
                              std::string_view text, const std::string& new_hash) {
  auto user = user_of_mail_token(documents, context.hasher, text, MailPurpose::kResetPassword,
                                 context.now);
  if (!user) return user.error();
  const auto sessions = sessions_of(documents, user->id);
  if (!sessions) return sessions.error();
  Change change;
  if (Status ended = end_attempts(documents, user->id, change); !ended) return ended.error();
  for (const Session& session : *sessions) {
    change.removed.push_back({DocumentKind::kSession, session.id});
  }
  user->password_hash = new_hash;
  if (!user->verified.set()) user->verified = context.now;
  change.put.push_back(encode(*user));
  change.audit.push_back(
      context.line({}, Permission::kSelfChange, target_of(user->id), {"password"}));
  return change;
}

Result<Change> verify_address(store::Documents& documents, const Context& context,
                              std::string_view text) {
  auto user = user_of_mail_token(documents, context.hasher, text, MailPurpose::kVerifyAddress,
                                 context.now);
  if (!user) return user.error();
  const auto tokens = tokens_of(documents, user->id);
  if (!tokens) return tokens.error();
  Change change;
  for (const MailToken& token : *tokens) {
    if (token.purpose != MailPurpose::kVerifyAddress) continue;
    change.removed.push_back({DocumentKind::kMailToken, token.id});
  }
  user->verified = context.now;
  change.put.push_back(encode(*user));
  change.audit.push_back(
      context.line({}, Permission::kSelfChange, target_of(user->id), {"verified"}));
  return change;
}

Mail letter_of(MailPurpose purpose, const MadeMailToken& made, std::string_view pages) {
  const std::string base(pages);
  if (purpose == MailPurpose::kResetPassword) {
    return {made.user.email, "Choose another password",
            "Somebody has asked to choose another password for the account of " + made.user.email +
                ".\nIf it was you, go on here within an hour:\n\n" + base + "/reset-password#" +
                made.text +
                "\n\nIf it was not, do nothing: the password stays as it is.\n"};
  }
  return {made.user.email, "Is this your address?",
          "An account has been made with the address " + made.user.email +
              ".\nIf it is yours, say so here within a day:\n\n" + base + "/verify-email#" +
              made.text + "\n\nIf it is not, do nothing.\n"};
}

Mail invite_letter(const std::string& email, std::string_view workspace_slug,
                   std::string_view token, std::string_view pages) {
  return {email, "You are invited to a workspace",
          "You are invited to the workspace " + std::string(workspace_slug) +
              ". Answer here:\n\n" + std::string(pages) + "/invite#" + std::string(token) +
              "\n\nIf you do not know what this is, do nothing.\n"};
}

}  // namespace troupe::directory
