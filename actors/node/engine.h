#pragma once

#include "actors/node/services.h"
#include "runtime/port/engine.h"

namespace troupe::actors {

/// The node as its edges see it: turns calls into messages, and reads into closures on reader
/// threads. Thread-safe.
class NodeEngine : public Engine {
 public:
  explicit NodeEngine(Services& services) : services_(services) {}

  using Engine::create_workflow;
  using Engine::publish;
  using Engine::update_workflow;
  void validate(json::Text graph, json::Text input, Callback<graph::Parsed> done) override;
  void create_workflow(store::Workflow draft, store::Along along,
                       Callback<store::Workflow> done) override;
  void update_workflow(store::Workflow draft, std::uint64_t expected_etag,
                       store::Along along, Callback<store::Workflow> done) override;
  void publish(store::TenantScope scope, WorkflowId workflow, std::string changelog,
               store::Along along, Callback<store::Version> done) override;

  void start(StartRequest request, Callback<Started> done) override;
  void start_batch(StartRequest common, std::vector<BatchItem> items,
                   Callback<std::vector<RunId>> done) override;
  void control(store::TenantScope scope, RunId run, Control control,
               Callback<store::RunRow> done) override;
  void retry(store::TenantScope scope, RetryRequest request, Callback<Started> done) override;
  void complete_task(store::TenantScope scope, TaskAnswer answer,
                     Callback<TaskDecided> done) override;
  void send_event(store::TenantScope scope, RunId run, std::string event, std::string key,
                  json::Text data, Callback<Unit> done) override;
  void broadcast_event(store::TenantScope scope, std::string event, std::string key,
                       json::Text data, Callback<std::uint64_t> done) override;

  void summary(store::TenantScope scope, RunId run, Callback<store::RunRow> done) override;
  void context(store::TenantScope scope, RunId run, Callback<json::Text> done) override;
  void events(store::TenantScope scope, RunId run, std::uint64_t after, std::size_t limit,
              Callback<json::Text> done) override;
  void items(store::TenantScope scope, RunId run, std::string step, std::int64_t after,
             std::size_t limit, Callback<json::Text> done) override;
  void logs(store::TenantScope scope, RunId run, std::uint64_t after, std::size_t limit,
            Callback<json::Text> done) override;
  void value(store::TenantScope scope, RunId run, std::string reference,
             Callback<json::Text> done) override;
  std::unique_ptr<Feed> open_feed(FeedRequest request) override;

  void read(std::function<void(store::Reader&)> work) override { services_.read(std::move(work)); }
  void write(std::function<void(store::Writer&)> work) override {
    services_.write(std::move(work));
  }
  std::vector<Health> health() const override;
  std::vector<NodeInfo> nodes() const override;
  Result<Uuid> new_job_id() override;
  void look_for_jobs() override;
  void drain(std::string node, Callback<Unit> done) override;
  std::vector<std::pair<std::string_view, std::int64_t>> actor_counts() const override;

 private:
  /// For what is written now. What is published already runs as far as it can.
  graph::Tools tools() const {
    return {services_.ports.syntax, services_.ports.patterns, services_.ports.work != nullptr};
  }
  void look(const store::TenantScope& scope, RunId run, bool with_state, Callback<RunLook> done);
  /// What `items` has gathered so far.
  struct ItemsView {
    store::TenantScope scope;
    std::string step;
    std::int64_t after = -1;
    std::size_t limit = 0;
    Callback<json::Text> done;
    run::State state;
    std::map<std::uint32_t, RunId> groups;  ///< still to be asked
    std::map<std::uint32_t, run::State> found;
  };
  void show_items(const std::shared_ptr<ItemsView>& view);
  void ask(const store::TenantScope& scope, RunId run, run::Event event, Callback<Answered> done);
  void read_retention(WorkspaceId workspace);
  void with_version(const store::TenantScope& scope, WorkflowId workflow, std::int32_t version,
                    Callback<std::shared_ptr<const Published>> done);
  /// Answers with what has been written of a workflow, once no node starts what it was before.
  template <class T>
  void changed(WorkflowId workflow, Result<T> row, const Callback<T>& done);

  Services& services_;
};

}  // namespace troupe::actors
