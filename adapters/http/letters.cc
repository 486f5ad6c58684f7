#include "adapters/http/letters.h"

#include <utility>

namespace troupe::http {
namespace {

/// What a letter needs when the call is over. The ports outlive it.
struct Sender {
  Services services;
  std::string pages;
  directory::Context context;

  void failed(const Error& error) const {
    if (services.log == nullptr) return;
    services.log->warning("a letter could not be made", {{"error", error.message},
                                                         {"request", context.request_id}});
  }
};

Sender sender_of(const CallPtr& call) {
  return {call->core.services, call->core.options.mail_pages, context_of(call)};
}

void send(const Sender& sender, directory::MailPurpose purpose, UserId user) {
  sender.services.engine.write([sender, purpose, user](store::Writer& writer) {
    directory::MadeMailToken made;
    const auto decide = [&](store::Documents& documents) {
      made = {};
      return directory::make_mail_token(documents, sender.context, user, purpose, &made);
    };
    const Status done = writer.change({Uuid(user)}, sender.context.now, decide);
    if (!done) return sender.failed(done.error());
    if (made.text.empty()) return;
    sender.services.mailer->send(directory::letter_of(purpose, made, sender.pages));
  });
}

}  // namespace

void mail_by_address(const CallPtr& call, directory::MailPurpose purpose,
                     const std::string& email) {
  if (call->core.services.mailer == nullptr) return;
  call->core.services.engine.read(
      [sender = sender_of(call), purpose, email](store::Reader& reader) {
        const auto user =
            directory::find_user_of(reader.documents(store::DocumentScope::all()), email);
        if (!user) return sender.failed(user.error());
        if (*user) send(sender, purpose, (*user)->id);
      });
}

void mail_to(const CallPtr& call, directory::MailPurpose purpose, UserId user) {
  if (call->core.services.mailer == nullptr) return;
  send(sender_of(call), purpose, user);
}

void mail_invite(const CallPtr& call, const std::string& email, const std::string& workspace_slug,
                 const std::string& token) {
  if (call->core.services.mailer == nullptr) return;
  call->core.services.mailer->send(
      directory::invite_letter(email, workspace_slug, token, call->core.options.mail_pages));
}

}  // namespace troupe::http
