#pragma once

#include <string>
#include <tuple>
#include <vector>

#include "runtime/base/random.h"
#include "runtime/port/store.h"

namespace troupe::store {

// Rows compare by all their fields, so that a store that forgets one fails.
inline auto fields_of(const Frame& r) { return std::tie(r.pos, r.entity, r.hash, r.bytes); }
inline auto fields_of(const RunRow& r) {
  return std::tie(r.id, r.workspace, r.project, r.workflow, r.version, r.status, r.pause_reason,
                  r.trigger_type, r.external_id, r.created, r.started, r.finished, r.steps_total,
                  r.steps_done, r.error, r.output, r.retried_from, r.parent, r.request, r.head,
                  r.bucket);
}
inline auto fields_of(const Snapshot& r) {
  return std::tie(r.entity, r.workspace, r.pos, r.wake_at, r.runnable, r.bytes);
}
inline auto fields_of(const TaskRow& r) {
  return std::tie(r.id, r.run, r.workspace, r.project, r.workflow, r.step_id, r.task_type,
                  r.payload, r.form, r.created, r.expires, r.pending, r.decision);
}
inline auto fields_of(const WaiterRow& r) {
  return std::tie(r.run, r.step_id, r.workspace, r.project, r.event, r.key, r.waiting);
}
inline auto fields_of(const Workspace& r) {
  return std::tie(r.id, r.slug, r.name, r.product_code, r.created);
}
inline auto fields_of(const Project& r) {
  return std::tie(r.id, r.workspace, r.slug, r.name, r.is_private, r.created, r.archived,
                  r.retention_days);
}
inline auto fields_of(const Workflow& r) {
  return std::tie(r.id, r.workspace, r.project, r.name, r.description, r.graph, r.run_setup,
                  r.etag, r.latest_version, r.archived, r.created, r.updated);
}
inline auto fields_of(const Version& r) {
  return std::tie(r.workflow, r.version, r.graph, r.run_setup, r.changelog, r.published);
}
template <class Row>
  requires requires(const Row& r) { fields_of(r); }
bool operator==(const Row& a, const Row& b) {
  return fields_of(a) == fields_of(b);
}

}  // namespace troupe::store

namespace troupe::testing {

/// Rows with every field set, from one seed. Ids of runs grow with `created`, as version 7 does.
class RowMaker {
 public:
  explicit RowMaker(std::uint64_t seed = 1) : random_(seed) {}

  template <class SomeId>
  SomeId id() {
    return SomeId(Uuid{random_.next(), random_.next()});
  }
  TimePoint time() { return {++clock_us_}; }
  std::string bytes(std::size_t size) {
    std::string text(size, '\0');  // NUL and every other byte must survive
    for (char& c : text) c = static_cast<char>(random_.next());
    return text;
  }
  Digest digest() {
    Digest digest;
    for (auto& byte : digest) byte = static_cast<std::uint8_t>(random_.next());
    return digest;
  }

  store::TenantScope scope() { return {id<WorkspaceId>(), id<ProjectId>()}; }
  store::Frame frame(RunId entity, std::size_t size = 100) {
    return {next_pos_++, entity, cluster::hash_of(entity), bytes(size)};
  }
  store::RunRow run(const store::TenantScope& scope) {
    store::RunRow row;
    row.created = time();
    row.id = RunId(Uuid::v7({row.created.us * 1000}, random_.next(), random_.next()));
    row.workspace = scope.workspace;
    row.project = *scope.project;
    row.workflow = id<WorkflowId>();
    row.version = -3;
    row.status = store::RunStatus::kPaused;
    row.pause_reason = store::PauseReason::kEvent;
    row.trigger_type = "api";
    row.started = time();
    row.finished = time();
    row.steps_total = 4'000'000'000;
    row.steps_done = 7;
    row.error = R"({"code":"timeout"})";
    row.output = "{\"text\":\"\xC3\xA4\"}";
    row.retried_from = id<RunId>();
    row.parent = id<RunId>();
    row.request = digest();
    row.head = next_pos_;
    row.bucket = 5;
    return row;
  }
  store::Snapshot snapshot(WorkspaceId workspace) {
    return {id<RunId>(), workspace, next_pos_, {}, false, bytes(3000)};
  }
  store::TaskRow task(const store::TenantScope& scope, RunId run) {
    return {id<TaskId>(), run,    scope.workspace, *scope.project, id<WorkflowId>(), "approve",
            "approval",   "{}",   "{}",            time(),         time(),           true,
            ""};
  }
  store::WaiterRow waiter(const store::TenantScope& scope, std::string event, std::string key) {
    return {id<RunId>(), "wait", scope.workspace, *scope.project, std::move(event), std::move(key),
            true};
  }
  store::Workspace workspace(std::string slug) {
    return {id<WorkspaceId>(), std::move(slug), "Name", "code", time()};
  }
  store::Project project(WorkspaceId workspace, std::string slug) {
    return {id<ProjectId>(), workspace, std::move(slug), "Name", true, time(), {}, 30};
  }
  store::Workflow workflow(const store::TenantScope& scope) {
    store::Workflow row;
    row.id = id<WorkflowId>();
    row.workspace = scope.workspace;
    row.project = scope.project.value_or(ProjectId());
    row.name = "flow";
    row.description = "what it does";
    row.graph = R"({"steps":[]})";
    row.run_setup = "{}";
    row.created = time();
    row.updated = time();
    return row;
  }
  void next_pos(store::Pos pos) { next_pos_ = pos; }
  store::Pos last_pos() const { return next_pos_ - 1; }

 private:
  Random random_;
  std::int64_t clock_us_ = 1'700'000'000'000'000;
  store::Pos next_pos_ = (store::Pos{1} << 40) + 1;
};

}  // namespace troupe::testing
