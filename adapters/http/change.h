#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/http/handlers.h"
#include "runtime/directory/caller.h"
#include "runtime/directory/context.h"
#include "runtime/edge/body_reader.h"

namespace troupe::http {

/// Who asks for what the call is about to change. Its ports outlive the call.
directory::Context context_of(const CallPtr& call);
/// The line that a change of a workflow leaves.
store::AuditLines audit_of(const CallPtr& call, std::string target,
                           std::vector<std::string> changed = {});

/// Notes in the audit log what has been done to a run, whose own journal keeps the deed, and goes
/// on with `answer` once that is durable. Where it cannot be noted the caller hears so, and asks
/// again.
void audited(const CallPtr& call, tenancy::Permission action, std::string target,
             std::vector<std::string> changed, std::function<void()> answer);

/// Changes documents in one transaction under these locks, if the call's grant still holds there:
/// `work(documents, context, &made)` gives what is written, and `use(made)` goes on with what came
/// of it on the connection's thread. `Made` is copied.
template <class Made, class Work, class Use>
void change_store(const CallPtr& call, std::vector<Uuid> locks, Work work, Use use) {
  call->core.services.engine.write([locks = std::move(locks), context = context_of(call),
                                    grant = call->grant, work = std::move(work),
                                    authority = call->core.authority,
                                    done = call->then<Made>(std::move(use))](
                                       store::Writer& writer) {
    Made made{};
    const auto decide = [&](store::Documents& documents) -> Result<store::Change> {
      const Status still = grant ? directory::still_granted(documents, context, *grant) : ok();
      if (!still) return still.error();
      made = Made{};
      return work(documents, context, &made);
    };
    const Status changed = writer.change(locks, context.now, decide);
    authority->forget();
    done(changed ? Result<Made>(std::move(made)) : Result<Made>(changed.error()));
  });
}

/// Reads documents of whatever place; the caller's right to them has been found already.
template <class T, class Work, class Use>
void read_documents(const CallPtr& call, const store::DocumentScope& scope, Work work, Use use) {
  read_store<T>(
      call,
      [scope, work = std::move(work)](store::Reader& reader) {
        return work(reader.documents(scope));
      },
      std::move(use));
}

/// Does slow work on the server's worker. kOverloaded if too much waits for it.
template <class T, class Work, class Use>
void on_worker(const CallPtr& call, Work work, Use use) {
  auto done = call->then<T>(std::move(use));
  if (!call->core.worker.post([work = std::move(work), done] { done(work()); })) {
    call->fail(Code::kOverloaded, "Too many sign-ins or secrets are being worked on.");
  }
}

/// Reads the members of a body with one function and answers all that is wrong with it at once:
/// `read(body)` gives the value, which is there unless the call has been answered.
template <class Read>
auto read_body(const CallPtr& call, Read read)
    -> std::optional<decltype(read(std::declval<edge::BodyReader&>()))> {
  std::vector<Issue> issues;
  edge::BodyReader body(call->body.view(), "", issues);
  if (issues.empty()) {
    auto value = read(body);
    if (issues.empty()) return value;
  }
  call->fail(edge::invalid(std::move(issues)));
  return std::nullopt;
}

/// A text in the one form that a check of runtime/tenancy gives it; what is wrong is noted.
template <class Check>
std::string checked(edge::BodyReader& body, std::string_view key, const std::string& text,
                    Check check) {
  const Result<std::string> fit = check(text);
  if (fit) return *fit;
  body.wrong(key, fit.error().message, fit.error().code);
  return {};
}

}  // namespace troupe::http
