#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/adapters/nats/nats_fixture.h"
#include "tests/support/fake_engine.h"

namespace troupe::testing {

inline constexpr const char* kWorkflowId = "01890000-0000-7000-8000-0000000000aa";

/// An engine whose starts keep the promise of their keys, like the real one: the same key is the
/// same run, or refused if the request is another. Thread-safe.
class StartEngine final : public FakeEngine {
 public:
  StartEngine() {
    store::Workspace workspace;
    workspace.id = WorkspaceId(*Uuid::parse("01890000-0000-7000-8000-000000000010"));
    workspace.slug = "acme";
    store::Project project;
    project.id = ProjectId(*Uuid::parse("01890000-0000-7000-8000-000000000011"));
    project.workspace = workspace.id;
    project.slug = "web";
    store::Workflow workflow;
    workflow.id = WorkflowId(*Uuid::parse(kWorkflowId));
    workflow.workspace = workspace.id;
    workflow.project = project.id;
    rows.workspace_rows = {workspace};
    rows.project_rows = {project};
    rows.workflow_rows = {workflow};
  }

  Arrivals<StartRequest> asked;

  /// The next starts are refused so, one each.
  void refuse(std::vector<Error> errors) {
    const std::lock_guard lock(starts_mutex_);
    for (Error& error : errors) refusals_.push_back(std::move(error));
  }
  /// Answers wait for `commit` from now on.
  void hold_commits() {
    const std::lock_guard lock(starts_mutex_);
    is_holding_ = true;
  }
  void commit() {
    std::vector<std::function<void()>> answers;
    {
      const std::lock_guard lock(starts_mutex_);
      is_holding_ = false;
      answers.swap(answers_);
    }
    for (const auto& answer : answers) answer();
  }
  std::size_t runs() {
    const std::lock_guard lock(starts_mutex_);
    return runs_;
  }

  void start(StartRequest request, Callback<Started> done) override {
    Result<Started> result = Error{Code::kInternal, "", {}};
    {
      const std::lock_guard lock(starts_mutex_);
      result = decide(request);
      if (is_holding_) {
        answers_.push_back([done, result] { done(result); });
        done = nullptr;
      }
    }
    if (done) done(std::move(result));
    asked.add(std::move(request));
  }
  void read(std::function<void(store::Reader&)> work) override {
    const std::lock_guard lock(reads_mutex_);
    work(rows);
  }

 private:
  Result<Started> decide(const StartRequest& request) {
    if (!refusals_.empty()) {
      Error error = std::move(refusals_.front());
      refusals_.pop_front();
      return error;
    }
    const std::string& key = request.idempotency_key;
    if (const auto at = keys_.find(key); !key.empty() && at != keys_.end()) {
      if (at->second.first == request.request) return at->second.second;
      return Error{Code::kIdempotencyMismatch, "", {}};
    }
    Started started;
    started.run = RunId(Uuid{0x0189, ++runs_});
    if (!key.empty()) keys_[key] = {request.request, started};
    return started;
  }

  std::mutex reads_mutex_;
  std::mutex starts_mutex_;
  std::deque<Error> refusals_;
  std::map<std::string, std::pair<Digest, Started>> keys_;
  std::vector<std::function<void()>> answers_;
  std::uint64_t runs_ = 0;
  bool is_holding_ = false;
};

inline std::string submission(const std::string& input = "{}") {
  return std::string(R"({"workflow_id":")") + kWorkflowId + R"(","input":)" + input + "}";
}

}  // namespace troupe::testing
