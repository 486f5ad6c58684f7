#include "adapters/lua_sandbox/pool.h"

#include "adapters/lua_sandbox/dispatcher.h"

namespace troupe::lua_sandbox {

Pool::Pool(Zygote zygote, const Clock& clock, Options options)
    : metrics_(std::make_unique<Metrics>()),
      inbox_(std::make_shared<Inbox>()),
      dispatcher_(std::make_unique<Dispatcher>(
          std::move(zygote), clock, std::move(options), *metrics_, inbox_)),
      thread_([this] { dispatcher_->run(); }) {}

Pool::~Pool() {
  inbox_->post([](Inbox::Content& content) { content.stop = true; });
  thread_.join();
}

void Pool::submit(ScriptJob job, Done done) {
  inbox_->post([&](Inbox::Content& content) {
    content.submissions.push_back({std::move(job), std::move(done)});
  });
}

void Pool::cancel(std::uint64_t job) {
  inbox_->post([&](Inbox::Content& content) {
    content.cancels.push_back({job, content.submissions.size()});
  });
}

}  // namespace troupe::lua_sandbox
