#include "bench/rig.h"

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <sstream>
#include <thread>

namespace troupe::bench {
namespace {

[[noreturn]] void die(const std::string& what, const Error& error) {
  std::cerr << "troupe-bench: " << what << ": " << error.message << "\n";
  std::exit(1);
}

template <class T>
T must(Result<T> result, const char* what) {
  if (!result) die(what, result.error());
  return std::move(*result);
}

}  // namespace

std::string chain_graph(int steps) {
  std::ostringstream out;
  out << R"({"steps":[)";
  for (int i = 0; i < steps; ++i) {
    if (i > 0) out << ',';
    out << R"({"id":"s)" << i << R"(","name":"s","type":"lua_script","script":")";
    if (i == 0) out << "return {n=1}\"}";
    else
      out << "return {n=steps.s" << i - 1 << R"(.result.n+1}","depends_on":["s)" << i - 1 << "\"]}";
  }
  out << "]}";
  return out.str();
}

double metric_in(const std::string& exposition, const std::string& name) {
  const std::string full = "troupe_" + name;
  std::istringstream text(exposition);
  std::string line;
  double sum = 0;
  while (std::getline(text, line)) {
    if (line.rfind(full, 0) != 0 || line.size() <= full.size()) continue;
    if (line[full.size()] != ' ' && line[full.size()] != '{') continue;
    sum += std::atof(line.c_str() + line.rfind(' '));
  }
  return sum;
}

Result<store::TenantScope> first_scope(store::Store& store) {
  const auto reader = store.open_reader();
  const auto workspaces = reader->workspaces();
  if (!workspaces) return workspaces.error();
  const auto projects = reader->projects(workspaces->front().id);
  if (!projects) return projects.error();
  return store::TenantScope{workspaces->front().id, projects->front().id};
}

Result<WorkflowId> publish(Engine& engine, const store::TenantScope& scope,
                           const std::string& graph) {
  store::Workflow draft;
  draft.workspace = scope.workspace;
  draft.project = *scope.project;
  draft.name = "bench";
  draft.graph = graph;
  const auto workflow = await<store::Workflow>([&](Callback<store::Workflow> done) {
    engine.create_workflow(draft, std::move(done));
  });
  if (!workflow) return workflow.error();
  const auto version = await<store::Version>([&](Callback<store::Version> done) {
    engine.publish(scope, workflow->id, "", std::move(done));
  });
  if (!version) return version.error();
  return workflow->id;
}

StartRequest request_of(const store::TenantScope& scope, WorkflowId workflow,
                        const std::string& input) {
  StartRequest request;
  request.workspace = scope.workspace;
  request.project = *scope.project;
  request.workflow = workflow;
  request.input = json::Text::trusted(input);
  request.input_given = true;
  return request;
}

Rig::Rig(const Settings& settings, lua_sandbox::Zygote zygote) : settings_(settings) {
  scripts_ = std::make_unique<lua_sandbox::Pool>(std::move(zygote), parts_.clock);
  if (settings.store == "postgres") {
    probe_ = std::make_unique<ServerProbe>(settings.conninfo);
    wal_bytes_at_start_ = probe_->wal_bytes();
    postgres::Options options;
    options.conninfo = settings.conninfo;
    store_ = must(postgres::PostgresStore::open(options, parts_.hasher), "the store");
  } else {
    sqlite::Options options;
    options.path = settings.dir + "/troupe.db";
    store_ = must(sqlite::SqliteStore::open(options, parts_.hasher), "the store");
  }
  if (Status begun = begin(); !begun) die("the node", begun.error());
  scope_ = must(first_scope(*store_), "the first project");
  count_from_here();
}

Rig::~Rig() { stop(); }

Status Rig::begin() {
  actors::Options options;
  options.strict = settings_.strict;
  options.keeps_house = settings_.workload == "W12";
  auto node = actors::Node::start(options, parts_.ports(*store_, *scripts_));
  if (!node) return std::move(node).error();
  node_ = std::move(*node);
  return ok();
}

void Rig::stop() { node_.reset(); }

double Rig::restart() {
  stop();
  const double begun = monotonic_s();
  if (Status started = begin(); !started) die("restart", started.error());
  return monotonic_s() - begun;
}

store::TenantScope Rig::new_workspace(const std::string& slug) {
  const auto id = [this] {
    return Uuid::v7(parts_.clock.now(), parts_.entropy.next(), parts_.entropy.next());
  };
  const store::Workspace workspace{WorkspaceId{id()}, slug, slug, "troupe", parts_.clock.now()};
  const store::Project project{ProjectId{id()}, workspace.id, "default",
                               "Default",       false,        parts_.clock.now()};
  must(await<Unit>([&](Callback<Unit> done) {
         engine().write([&, done](store::Writer& writer) {
           if (auto made = writer.create_workspace(workspace); !made) return done(made.error());
           if (auto made = writer.create_project(project); !made) return done(made.error());
           done(Unit{});
         });
       }),
       "a workspace");
  return {workspace.id, project.id};
}

WorkflowId Rig::publish(const std::string& graph, const store::TenantScope& scope) {
  return must(bench::publish(engine(), scope, graph), "publishing");
}

StartRequest Rig::request(WorkflowId workflow, const std::string& input) const {
  return request_of(scope_, workflow, input);
}

std::uint64_t Rig::commits() {
  return static_cast<std::uint64_t>(
      metric_in(parts_.metrics.exposition(), "commit_duration_seconds_count"));
}

Work Rig::work() {
  const std::string exposition = parts_.metrics.exposition();
  const auto sum = [&](const char* name) {
    return static_cast<std::uint64_t>(metric_in(exposition, name));
  };
  const std::uint64_t wal = probe_ ? probe_->wal_bytes() : store_->wal_bytes();
  return {sum("steps_finished_total"), sum("commit_duration_seconds_count"), wal,
          probe_ ? probe_->wal_page_images() : 0};
}

Work Rig::counted() {
  const Work now = work();
  const Work& from = counted_from_;
  return {now.steps - from.steps, now.commits - from.commits, now.wal_bytes - from.wal_bytes,
          now.wal_page_images - from.wal_page_images};
}

std::uint64_t Rig::bytes_written() {
  if (!probe_) return store_->journal_bytes() + store_->wal_bytes();
  return store_->journal_bytes() + probe_->wal_bytes() - wal_bytes_at_start_;
}

double Rig::commit_s() {
  return metric_in(parts_.metrics.exposition(), "commit_duration_seconds_sum");
}

bool Rig::wait_ended(std::uint64_t count, double seconds) {
  const double until = monotonic_s() + seconds;
  while (ended() < count) {
    if (monotonic_s() > until) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
  return true;
}

double Rig::timed_run(const StartRequest& request) {
  const double begun = monotonic_s();
  const auto started = must(
      await<Started>([&](Callback<Started> done) { engine().start(request, std::move(done)); }),
      "a start");
  const store::TenantScope scope{request.workspace, request.project};
  const auto feed = engine().open_feed({scope, started.run, std::nullopt, 0});
  for (;;) {
    const auto page = must(
        await<FeedPage>([&](Callback<FeedPage> done) { feed->next(std::move(done)); }), "the feed");
    if (page.ended) return (monotonic_s() - begun) * 1e3;
  }
}

}  // namespace troupe::bench
