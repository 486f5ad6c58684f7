#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/uuid.h"
#include "runtime/graph/graph.h"
#include "runtime/json/text.h"
#include "runtime/port/callback.h"
#include "runtime/port/store.h"

namespace troupe {

/// Start of one run. Scope and workflow have been authorised by the caller.
struct StartRequest {
  WorkspaceId workspace;
  ProjectId project;
  WorkflowId workflow;
  std::optional<std::int32_t> version;  ///< default: the latest
  json::Text input;                     ///< empty: the version's params, or {}
  /// whether the request named an input at all (run_setup merge)
  bool input_given = false;
  /// id, overlay (may be empty)
  std::optional<std::vector<std::pair<std::string, json::Text>>> trigger_steps;
  std::optional<std::vector<std::string>> excluded_step_ids;
  bool use_run_setup_defaults = false;
  std::string trigger_type = "api";
  std::string external_id;
  std::optional<RunId> run_id;    ///< chosen by the client
  std::string idempotency_key;
  Digest request{};               ///< of the canonical request body
};

/// The answer, after the run is durable.
struct Started {
  RunId run;
  store::RunStatus status = store::RunStatus::kQueued;
  WorkflowId workflow;
  std::int32_t version = 0;
  TimePoint started_at;
};

struct BatchItem {
  json::Text input;
  std::string external_id;
};

enum class Control : std::uint8_t { kPause, kResume, kStopImmediate, kStopGraceful };

struct RetryRequest {
  RunId run;
  std::string from_step;  ///< empty: what failed
  json::Text input;       ///< empty: that of the run
  std::optional<std::int32_t> version;
  std::string idempotency_key;  ///< empty: each request makes a run of its own
  Digest request{};             ///< of the canonical request body
};

/// A person's answer to a human task, addressed by task id or step id.
struct TaskAnswer {
  RunId run;
  std::string task;  ///< task id or step id
  bool approved = false;
  json::Text result;  ///< object of answer fields, or empty
  std::string comment;
  std::string by;     ///< who answered
};
struct TaskDecided {
  TaskId task;
  bool approved = false;
};

/// One event as API.md §2 shows it. `seq` 0: live only.
struct LiveEvent {
  std::uint64_t seq = 0;
  std::string json;
};
struct FeedPage {
  std::vector<LiveEvent> events;
  bool ended = false;  ///< the run's terminal event has been delivered (now or before)
};

/// An ordered, gap-free view of one run's events from some seq on, or (without a run) what happens
/// in a workflow or project from now on. The reader pulls, so a slow one holds nobody back; a
/// scope-wide feed that lags too far is ended with kOverloaded. Destroying it ends it.
class Feed {
 public:
  virtual ~Feed() = default;
  /// Answers as soon as there is at least one event or the feed has ended. One call at a time.
  virtual void next(Callback<FeedPage> done) = 0;
};
struct FeedRequest {
  store::TenantScope scope;
  std::optional<RunId> run;
  std::optional<WorkflowId> workflow;  ///< if no run
  std::uint64_t after = 0;             ///< only with a run: events with seq > after
};

/// Health of one dependency, for /readyz and doctor.
struct Health {
  std::string name;
  bool ready = false;
  std::string detail;
  bool required = true;  ///< without it this node can serve nobody
};

/// One of the nodes that share the store, as the answering node sees it.
struct NodeInfo {
  std::uint64_t number = 0;
  std::string name;
  std::string address;
  bool is_self = false;
  bool draining = false;
  Duration lease_left;     ///< when it was read, some seconds ago at most
  std::size_t slots = 0;   ///< of 1,024
};

/// Everything that the edges (HTTP, command line, later NATS and MCP) may ask of a node.
/// Thread-safe; implemented by actors/. Answers are held until what they tell is durable. Foreign
/// and absent ids both give kNotFound.
class Engine {
 public:
  virtual ~Engine() = default;

  // Workflows. `validate` also checks `input` if it is not empty.
  virtual void validate(json::Text graph, json::Text input, Callback<graph::Parsed> done) = 0;
  /// Validates the graph, then stores; kValidationFailed with issues.
  virtual void create_workflow(store::Workflow draft, store::Along along,
                               Callback<store::Workflow> done) = 0;
  void create_workflow(store::Workflow draft, Callback<store::Workflow> done) {
    create_workflow(std::move(draft), {}, std::move(done));
  }
  virtual void update_workflow(store::Workflow draft, std::uint64_t expected_etag,
                               store::Along along, Callback<store::Workflow> done) = 0;
  void update_workflow(store::Workflow draft, std::uint64_t expected_etag,
                       Callback<store::Workflow> done) {
    update_workflow(std::move(draft), expected_etag, {}, std::move(done));
  }
  virtual void publish(store::TenantScope scope, WorkflowId workflow, std::string changelog,
                       store::Along along, Callback<store::Version> done) = 0;
  void publish(store::TenantScope scope, WorkflowId workflow, std::string changelog,
               Callback<store::Version> done) {
    publish(scope, workflow, std::move(changelog), {}, std::move(done));
  }

  // Runs. kNotFound, kNotPublished, kIdempotencyMismatch, kOverloaded, kUnavailable, kStorageFull.
  virtual void start(StartRequest request, Callback<Started> done) = 0;
  /// All or none.
  virtual void start_batch(StartRequest common, std::vector<BatchItem> items,
                           Callback<std::vector<RunId>> done) = 0;
  /// In the state already asked for: ok. kRunEnded, kConflict. Answers the run's row afterwards.
  virtual void control(store::TenantScope scope, RunId run, Control control,
                       Callback<store::RunRow> done) = 0;
  virtual void retry(store::TenantScope scope, RetryRequest request, Callback<Started> done) = 0;
  virtual void complete_task(store::TenantScope scope, TaskAnswer answer,
                             Callback<TaskDecided> done) = 0;
  /// Kept for that run until a wait_event consumes it.
  virtual void send_event(store::TenantScope scope, RunId run, std::string event, std::string key,
                          json::Text data, Callback<Unit> done) = 0;
  /// To whoever waits for it now; answers how many.
  virtual void broadcast_event(store::TenantScope scope, std::string event, std::string key,
                               json::Text data, Callback<std::uint64_t> done) = 0;

  // Reads of one run; bodies are JSON as API.md §2 shows them.
  virtual void summary(store::TenantScope scope, RunId run, Callback<store::RunRow> done) = 0;
  virtual void context(store::TenantScope scope, RunId run, Callback<json::Text> done) = 0;
  virtual void events(store::TenantScope scope, RunId run, std::uint64_t after, std::size_t limit,
                      Callback<json::Text> done) = 0;
  virtual void items(store::TenantScope scope, RunId run, std::string step, std::int64_t after,
                     std::size_t limit, Callback<json::Text> done) = 0;
  virtual void logs(store::TenantScope scope, RunId run, std::uint64_t after, std::size_t limit,
                    Callback<json::Text> done) = 0;
  /// A whole value that an event showed as {bytes, href}: by its href's last segment.
  virtual void value(store::TenantScope scope, RunId run, std::string reference,
                     Callback<json::Text> done) = 0;
  /// kNotFound comes from the first `next`.
  virtual std::unique_ptr<Feed> open_feed(FeedRequest request) = 0;

  // Closures on the store's threads, for lists and the catalog. They must not throw.
  virtual void read(std::function<void(store::Reader&)> work) = 0;
  virtual void write(std::function<void(store::Writer&)> work) = 0;

  virtual std::vector<Health> health() const = 0;
  /// Empty where the store is shared with nobody.
  virtual std::vector<NodeInfo> nodes() const { return {}; }
  /// An id for a job over many runs that this node will be in charge of. kUnavailable.
  virtual Result<Uuid> new_job_id() { return Error{Code::kUnavailable, "no jobs here", {}}; }
  /// There is a new one.
  virtual void look_for_jobs() {}
  /// The node of this name gives what it owns to the others and gets nothing more. Answers as soon
  /// as it has been told. kNotFound, kUnavailable.
  virtual void drain(std::string node, Callback<Unit> done) {
    done(Error{Code::kNotFound, "there is no node \"" + node + "\" to drain", {}});
  }
  /// How many actors of each kind live now, for the metric `actors{kind}`.
  virtual std::vector<std::pair<std::string_view, std::int64_t>> actor_counts() const { return {}; }
};

/// Text exposition of all metrics, for GET /metrics. Thread-safe.
class MetricsText {
 public:
  virtual ~MetricsText() = default;
  virtual std::string exposition() = 0;
};

}  // namespace troupe
