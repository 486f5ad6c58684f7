#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/port/engine.h"
#include "tests/support/fake_store.h"

namespace troupe::testing {

/// A feed that a test fills. Answers on the thread of whoever pushes or pulls.
class FakeFeed {
 public:
  void push(LiveEvent event, bool last = false) {
    Callback<FeedPage> done;
    FeedPage page;
    {
      const std::lock_guard lock(mutex_);
      events_.push_back(std::move(event));
      ended_ = ended_ || last;
      if (!waiting_) return;
      done = std::exchange(waiting_, nullptr);
      page = take();
    }
    done(std::move(page));
  }
  void end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  void fail(Error error) {
    const std::lock_guard lock(mutex_);
    error_ = std::move(error);
  }
  void next(Callback<FeedPage> done) {
    FeedPage page;
    std::optional<Error> error;
    {
      const std::lock_guard lock(mutex_);
      ++pulls_;
      changed_.notify_all();
      if (!error_ && events_.empty() && !ended_) {
        waiting_ = std::move(done);
        return;
      }
      error = error_;
      if (!error) page = take();
    }
    if (error) done(*error);
    else done(std::move(page));
  }
  void closed() {
    const std::lock_guard lock(mutex_);
    waiting_ = nullptr;
    closed_ = true;
    changed_.notify_all();
  }
  void wait_for_pulls(int pulls) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return pulls_ >= pulls; });
  }
  void wait_until_closed() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_; });
  }
  int pulls() {
    const std::lock_guard lock(mutex_);
    return pulls_;
  }

 private:
  FeedPage take() { return {std::exchange(events_, {}), ended_}; }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<LiveEvent> events_;
  Callback<FeedPage> waiting_;
  std::optional<Error> error_;
  bool ended_ = false;
  bool closed_ = false;
  int pulls_ = 0;
};

/// An engine that records what it is asked and answers from a FakeStore and from what a test has
/// set. Answers come at once on the caller's thread, or, with `hold`, when the test calls
/// `release`.
class FakeEngine : public Engine {
 public:
  FakeStore rows;
  std::shared_ptr<FakeFeed> feed = std::make_shared<FakeFeed>();

  std::optional<Error> error;  ///< what every call answers, if set
  bool hold = false;
  std::vector<Issue> graph_issues;  ///< what validation finds
  std::vector<Health> health_rows = {{"store", true, "fine"}};

  StartRequest last_start;
  std::vector<BatchItem> last_items;
  std::optional<Control> last_control;
  RetryRequest last_retry;
  TaskAnswer last_answer;
  FeedRequest last_feed;
  std::string last_call;  ///< the name and the arguments of the last small call
  int reads = 0;

  template <class T>
  void answer(Callback<T> done, Result<T> result) {
    if (error) result = *error;
    std::unique_lock lock(mutex_);
    if (!hold) {
      lock.unlock();
      done(std::move(result));
      return;
    }
    held_.push_back([done = std::move(done), result = std::move(result)] { done(result); });
    changed_.notify_all();
  }
  /// Lets the next `count` held answers go, waiting for them to be asked for.
  void release(std::size_t count = 1) {
    for (; count > 0; --count) {
      std::function<void()> next;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return !held_.empty(); });
        next = std::move(held_.front());
        held_.pop_front();
      }
      next();
    }
  }
  void wait_for_held(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return held_.size() >= count; });
  }

  void validate(json::Text graph, json::Text input, Callback<graph::Parsed> done) override {
    last_call = "validate " + std::string(graph.view()) + " " + std::string(input.view());
    graph::Parsed parsed;
    if (graph_issues.empty()) parsed.graph = std::make_shared<graph::Graph>();
    parsed.issues = graph_issues;
    parsed.checks_performed = {"cycles"};
    answer<graph::Parsed>(std::move(done), parsed);
  }
  using Engine::create_workflow;
  using Engine::publish;
  using Engine::update_workflow;
  void create_workflow(store::Workflow draft, store::Along along,
                       Callback<store::Workflow> done) override {
    if (!graph_issues.empty()) {
      return answer<store::Workflow>(std::move(done), invalid_graph());
    }
    answer<store::Workflow>(std::move(done), rows.create_workflow(draft, along));
  }
  void update_workflow(store::Workflow draft, std::uint64_t expected_etag,
                       store::Along along, Callback<store::Workflow> done) override {
    answer<store::Workflow>(std::move(done), rows.update_workflow(draft, expected_etag, along));
  }
  void publish(store::TenantScope scope, WorkflowId workflow, std::string changelog,
               store::Along along, Callback<store::Version> done) override {
    store::Version version;
    version.workflow = workflow;
    version.changelog = std::move(changelog);
    version.published = TimePoint{1'700'000'000'000'000};
    answer<store::Version>(std::move(done), rows.publish(scope, version, along));
  }
  void start(StartRequest request, Callback<Started> done) override {
    last_start = request;
    Started started;
    started.run = request.run_id.value_or(RunId(*Uuid::parse(kRun)));
    started.status = store::RunStatus::kRunning;
    started.workflow = request.workflow;
    started.version = request.version.value_or(1);
    started.started_at = TimePoint{1'700'000'000'000'000};
    answer<Started>(std::move(done), started);
  }
  void start_batch(StartRequest common, std::vector<BatchItem> items,
                   Callback<std::vector<RunId>> done) override {
    last_start = std::move(common);
    last_items = std::move(items);
    std::vector<RunId> ids(last_items.size(), RunId(*Uuid::parse(kRun)));
    answer<std::vector<RunId>>(std::move(done), ids);
  }
  void control(store::TenantScope scope, RunId run, Control control,
               Callback<store::RunRow> done) override {
    last_control = control;
    summary(scope, run, std::move(done));
  }
  void retry(store::TenantScope, RetryRequest request, Callback<Started> done) override {
    last_retry = std::move(request);
    Started started;
    started.run = RunId(*Uuid::parse(kRun));
    started.workflow = WorkflowId(*Uuid::parse(kWorkflow));
    answer<Started>(std::move(done), started);
  }
  void complete_task(store::TenantScope, TaskAnswer given, Callback<TaskDecided> done) override {
    last_answer = std::move(given);
    answer<TaskDecided>(std::move(done),
                        TaskDecided{TaskId(*Uuid::parse(kTask)), last_answer.approved});
  }
  void send_event(store::TenantScope, RunId, std::string event, std::string key, json::Text data,
                  Callback<Unit> done) override {
    last_call = "send_event " + event + " " + key + " " + std::string(data.view());
    answer<Unit>(std::move(done), Unit{});
  }
  void broadcast_event(store::TenantScope, std::string event, std::string key, json::Text data,
                       Callback<std::uint64_t> done) override {
    last_call = "broadcast_event " + event + " " + key + " " + std::string(data.view());
    answer<std::uint64_t>(std::move(done), std::uint64_t{2});
  }
  void summary(store::TenantScope scope, RunId run, Callback<store::RunRow> done) override {
    const auto row = rows.run(scope, run);
    if (!row->has_value()) {
      return answer<store::RunRow>(std::move(done),
                                   Error{Code::kNotFound, "There is no such run.", {}});
    }
    answer<store::RunRow>(std::move(done), **row);
  }
  void context(store::TenantScope, RunId, Callback<json::Text> done) override {
    answer<json::Text>(std::move(done), json::Text::trusted(R"({"input":{},"steps":{}})"));
  }
  void events(store::TenantScope, RunId, std::uint64_t after, std::size_t limit,
              Callback<json::Text> done) override {
    last_call = "events " + std::to_string(after) + " " + std::to_string(limit);
    answer<json::Text>(std::move(done), json::Text::trusted(R"({"items":[],"next":null})"));
  }
  void items(store::TenantScope, RunId, std::string step, std::int64_t after, std::size_t limit,
             Callback<json::Text> done) override {
    last_call = "items " + step + " " + std::to_string(after) + " " + std::to_string(limit);
    answer<json::Text>(std::move(done), json::Text::trusted(R"({"items":[]})"));
  }
  void logs(store::TenantScope, RunId, std::uint64_t after, std::size_t limit,
            Callback<json::Text> done) override {
    last_call = "logs " + std::to_string(after) + " " + std::to_string(limit);
    answer<json::Text>(std::move(done), json::Text::trusted(R"({"items":[]})"));
  }
  void value(store::TenantScope, RunId, std::string reference, Callback<json::Text> done) override {
    last_call = "value " + reference;
    answer<json::Text>(std::move(done), json::Text::trusted("[1,2]"));
  }
  std::unique_ptr<Feed> open_feed(FeedRequest request) override {
    last_feed = std::move(request);
    return std::make_unique<Handle>(feed);
  }
  void read(std::function<void(store::Reader&)> work) override {
    ++reads;
    work(rows);
  }
  void write(std::function<void(store::Writer&)> work) override { work(rows); }
  std::vector<Health> health() const override { return health_rows; }

  static constexpr const char* kRun = "01890000-0000-7000-8000-000000000001";
  static constexpr const char* kWorkflow = "01890000-0000-7000-8000-0000000000aa";
  static constexpr const char* kTask = "01890000-0000-7000-8000-0000000000bb";

 private:
  struct Handle final : Feed {
    explicit Handle(std::shared_ptr<FakeFeed> feed) : feed(std::move(feed)) {}
    ~Handle() override { feed->closed(); }
    void next(Callback<FeedPage> done) override { feed->next(std::move(done)); }
    std::shared_ptr<FakeFeed> feed;
  };
  Error invalid_graph() const { return {Code::kValidationFailed, "invalid", graph_issues}; }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> held_;
};

}  // namespace troupe::testing
