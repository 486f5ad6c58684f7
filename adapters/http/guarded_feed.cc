#include "adapters/http/guarded_feed.h"

#include <string>
#include <utility>

#include "adapters/http/core.h"
#include "runtime/base/ensure.h"

namespace troupe::http {
namespace {

/// What is asked again for each page.
struct Guard {
  std::shared_ptr<edge::Authority> authority;
  edge::Question question;
  tenancy::Permission permission;

  Status judge(const edge::Caller& caller) const {
    const auto grant = authority->authorise(caller, permission);
    return grant ? ok() : Status(grant.error());
  }
};

class GuardedFeed final : public Feed {
 public:
  GuardedFeed(std::shared_ptr<const Guard> guard, std::unique_ptr<Feed> feed)
      : guard_(std::move(guard)), feed_(std::move(feed)) {}

  void next(Callback<FeedPage> done) override {
    feed_->next([guard = guard_, done = std::move(done)](Result<FeedPage> page) {
      if (!page || page->events.empty()) return done(std::move(page));
      if (const edge::Authority::Known known = guard->authority->find(guard->question)) {
        const Status allowed = guard->judge(*known);
        return done(allowed ? std::move(page) : Result<FeedPage>(allowed.error()));
      }
      guard->authority->look_up(
          guard->question,
          [guard, done, page = std::move(page)](const Result<edge::Authority::Known>& known) {
            if (!known) return done(known.error());
            const Status allowed = guard->judge(**known);
            done(allowed ? page : Result<FeedPage>(allowed.error()));
          });
    });
  }

 private:
  const std::shared_ptr<const Guard> guard_;
  const std::unique_ptr<Feed> feed_;
};

}  // namespace

std::shared_ptr<Feed> guarded(const CallPtr& call, std::unique_ptr<Feed> feed) {
  TROUPE_ENSURE(call->match.route->live);
  if (std::holds_alternative<tenancy::Operator>(call->principal)) return feed;
  const std::string_view of_path = call->param("project");
  edge::Question question{call->credential, std::string(call->header("x-tenant-id")),
                          std::string(of_path.empty() ? call->header("x-project-id") : of_path)};
  auto guard = std::make_shared<const Guard>(
      Guard{call->core.authority, std::move(question), call->match.route->needs.permission});
  return std::make_shared<GuardedFeed>(std::move(guard), std::move(feed));
}

}  // namespace troupe::http
