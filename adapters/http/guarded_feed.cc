#include "adapters/http/guarded_feed.h"

#include <string>
#include <utility>

#include "adapters/http/core.h"

namespace troupe::http {
namespace {

/// What is asked again for each page. The clock outlives it.
struct Guard {
  std::shared_ptr<Authority> authority;
  const Clock& clock;
  Question question;
  tenancy::Permission permission;

  Status judge(const Caller& caller) const {
    const auto grant =
        tenancy::authorise(caller.principal, caller.standing, permission, clock.now());
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
      if (const Authority::Known known = guard->authority->find(guard->question)) {
        const Status allowed = guard->judge(*known);
        return done(allowed ? std::move(page) : Result<FeedPage>(allowed.error()));
      }
      guard->authority->look_up(
          guard->question,
          [guard, done, page = std::move(page)](const Result<Authority::Known>& known) {
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
  if (std::holds_alternative<tenancy::Operator>(call->principal)) return feed;
  const std::string_view of_path = call->param("project");
  Question question{call->credential, std::string(call->header("x-tenant-id")),
                    std::string(of_path.empty() ? call->header("x-project-id") : of_path)};
  auto guard = std::make_shared<const Guard>(
      Guard{call->core.authority, call->core.services.clock, std::move(question),
            call->match.route->needs.permission});
  return std::make_shared<GuardedFeed>(std::move(guard), std::move(feed));
}

}  // namespace troupe::http
