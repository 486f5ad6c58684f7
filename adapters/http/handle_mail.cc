// What a user does by a letter to his address: choose another password, show that it is his.
#include "adapters/http/account.h"
#include "adapters/http/letters.h"
#include "runtime/tenancy/names.h"
#include "runtime/tenancy/password.h"

namespace troupe::http {
namespace {

using directory::MailPurpose;
using directory::User;

constexpr std::size_t kTokenBytesMax = 64;

bool require_mailer(const CallPtr& call) {
  if (call->core.services.mailer != nullptr) return true;
  call->fail(Code::kForbidden, "No letters are sent here: ask whoever runs this installation.");
  return false;
}

}  // namespace

namespace handle {

void ask_password_reset(const CallPtr& call) {
  auto email = read_body(call, [](edge::BodyReader& in) {
    return checked(in, "email", in.required_text("email", 254), tenancy::check_email);
  });
  if (!email || !require_mailer(call)) return;
  if (!may_try(call, *email)) return;
  // Answered before anybody is looked for, so that the time tells nothing either.
  call->send({.status = 202, .body = {}});
  mail_by_address(call, MailPurpose::kResetPassword, *email);
}

void reset_password(const CallPtr& call) {
  struct Body {
    std::string token;
    std::shared_ptr<const SecretText> password;
  };
  auto body = read_body(call, [](edge::BodyReader& in) {
    std::string token = in.required_text("token", kTokenBytesMax);
    std::string text = in.required_text("new_password", kPasswordBytesMax);
    return Body{std::move(token), std::make_shared<const SecretText>(SecretText::take(text))};
  });
  if (!body || !may_try(call)) return;
  read_documents<User>(
      call, store::DocumentScope::all(),
      [token = body->token, &services = call->core.services](store::Documents& documents) {
        return directory::user_of_mail_token(documents, services.hasher, token,
                                             MailPurpose::kResetPassword, services.clock.now());
      },
      [call, body = *body](const User& user) {
        const std::vector<std::string> own = {user.email, user.name};
        if (const Status fit = tenancy::check_password(body.password->reveal(), {own, {}}); !fit) {
          return call->fail(edge::invalid({{.code = fit.error().code,
                                            .step = {},
                                            .pointer = "/new_password",
                                            .message = "new_password " + fit.error().message}}));
        }
        on_worker<std::string>(
            call,
            [&hasher = call->core.services.passwords, password = body.password] {
              return hasher.hash(*password);
            },
            [call, token = body.token, user](const std::string& hash) {
              change_store<Unit>(
                  call, {Uuid(user.id)},
                  [token, hash](auto& documents, const auto& context, auto*) {
                    return directory::reset_password(documents, context, token, hash);
                  },
                  [call](Unit) {
                    give_back_try(call);
                    call->send({.status = 204, .body = {}});
                  });
            });
      });
}

void ask_verification(const CallPtr& call) {
  if (!require_mailer(call)) return;
  with_user(call, [call](const User& user) {
    if (user.verified.set()) {
      return call->fail(Code::kConflict, "The address has been verified already.");
    }
    call->send({.status = 202, .body = {}});
    mail_to(call, MailPurpose::kVerifyAddress, user.id);
  });
}

void verify_address(const CallPtr& call) {
  auto token = read_body(
      call, [](edge::BodyReader& in) { return in.required_text("token", kTokenBytesMax); });
  if (!token || !may_try(call)) return;
  read_documents<User>(
      call, store::DocumentScope::all(),
      [token = *token, &services = call->core.services](store::Documents& documents) {
        return directory::user_of_mail_token(documents, services.hasher, token,
                                             MailPurpose::kVerifyAddress, services.clock.now());
      },
      [call, token = *token](const User& user) {
        change_store<Unit>(
            call, {Uuid(user.id)},
            [token](auto& documents, const auto& context, auto*) {
              return directory::verify_address(documents, context, token);
            },
            [call](Unit) {
              give_back_try(call);
              call->send({.status = 204, .body = {}});
            });
      });
}

}  // namespace handle
}  // namespace troupe::http
