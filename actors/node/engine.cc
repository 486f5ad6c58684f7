#include "actors/node/engine.h"

#include <algorithm>

#include "actors/cluster/router.h"
#include "actors/events/feed.h"
#include "actors/events/read_events.h"
#include "actors/node/always_answered.h"
#include "actors/store/load_run.h"
#include "actors/store/retry_run.h"
#include "actors/tenant/admission.h"
#include "runtime/json/write.h"

namespace troupe::actors {
namespace {

Error not_found(std::string_view what) {
  return {Code::kNotFound, "there is no such " + std::string(what), {}};
}

}  // namespace

// ---- workflows ----------------------------------------------------------------------------------

void NodeEngine::validate(json::Text graph, json::Text input, Callback<graph::Parsed> done) {
  services_.read([this, graph, input, done = std::move(done)](store::Reader&) {
    done(graph::parse(graph, tools(), services_.options.graph, input.empty() ? nullptr : &input));
  });
}

void NodeEngine::create_workflow(store::Workflow draft, store::Along along,
                                 Callback<store::Workflow> done) {
  services_.read([this, draft = std::move(draft), along = std::move(along),
                  done = std::move(done)](store::Reader&) {
    const auto parsed =
        graph::parse(json::Text::trusted(draft.graph), tools(), services_.options.graph);
    if (parsed.graph == nullptr) return done(graph::to_error(parsed.issues));
    store::Workflow row = draft;
    if (!row.id.set()) row.id = WorkflowId{services_.new_id()};
    row.created = row.updated = services_.now();
    services_.write([row, along, done](store::Writer& writer) {
      done(writer.create_workflow(row, along));
    });
  });
}

void NodeEngine::update_workflow(store::Workflow draft, std::uint64_t expected_etag,
                                 store::Along along, Callback<store::Workflow> done) {
  services_.read([this, draft = std::move(draft), expected_etag, along = std::move(along),
                  done = std::move(done)](store::Reader&) {
    const auto parsed =
        graph::parse(json::Text::trusted(draft.graph), tools(), services_.options.graph);
    if (parsed.graph == nullptr) return done(graph::to_error(parsed.issues));
    store::Workflow row = draft;
    row.updated = services_.now();
    services_.write([this, row, expected_etag, along, done](store::Writer& writer) {
      auto updated = writer.update_workflow(row, expected_etag, along);
      // A start looks at the archived flag alone; what a draft says is for its next version.
      if (row.archived) return changed(row.id, std::move(updated), done);
      services_.versions.doubt(row.id);
      done(std::move(updated));
    });
  });
}

void NodeEngine::publish(store::TenantScope scope, WorkflowId workflow, std::string changelog,
                         store::Along along, Callback<store::Version> done) {
  services_.read([this, scope, workflow, changelog = std::move(changelog),
                  along = std::move(along), done = std::move(done)](store::Reader& reader) {
    auto row = reader.workflow(scope, workflow);
    if (!row) return done(std::move(row).error());
    if (!*row || (*row)->archived) return done(not_found("workflow"));
    const auto parsed =
        graph::parse(json::Text::trusted((*row)->graph), tools(), services_.options.graph);
    if (parsed.graph == nullptr) return done(graph::to_error(parsed.issues));
    store::Version version{workflow, 0, (*row)->graph, (*row)->run_setup, changelog,
                           services_.now()};
    services_.write([this, scope, version, along, done](store::Writer& writer) {
      changed(version.workflow, writer.publish(scope, version, along), done);
    });
  });
}

template <class T>
void NodeEngine::changed(WorkflowId workflow, Result<T> row, const Callback<T>& done) {
  // Whatever came of it: a write whose outcome is unknown may have landed.
  services_.versions.doubt(workflow);
  if (!row || !services_.cluster) return done(std::move(row));
  caf::anon_send(services_.cluster,
                 Announce{workflow, always_answered<Unit>([row, done](const Result<Unit>& known) {
                            done(known ? row : Result<T>(known.error()));
                          })});
}

// ---- starts -------------------------------------------------------------------------------------

void NodeEngine::with_version(const store::TenantScope& scope, WorkflowId workflow,
                              std::int32_t version,
                              Callback<std::shared_ptr<const Published>> done) {
  // What was published since nobody has told it, and to ask a store that is silent would take as
  // long as it is.
  if (!services_.ownership.lease_holds()) return done(Ownership::lost_touch());
  const ProjectId project = scope.project.value_or(ProjectId{});
  const auto retention = services_.retention.look(project, services_.now());
  auto cached = services_.versions.find(workflow, version);
  if (cached && retention != Retention::Known::kNot) {
    if (retention == Retention::Known::kStale) read_retention(scope.workspace);
    const store::Workflow& row = cached->workflow;
    const bool in_project = !scope.project || !row.project.set() || row.project == *scope.project;
    if (row.workspace != scope.workspace || !in_project) return done(not_found("workflow"));
    return done(std::move(cached));
  }
  services_.read([this, scope, workflow, version, project,
                  done = std::move(done)](store::Reader& reader) {
    if (project.set()) {
      const Status read = services_.retention.load(reader, scope.workspace, services_.now());
      if (!read) return done(read.error());
    }
    done(load_version(reader, services_.versions, services_.tools(), services_.options.graph, scope,
                      workflow, version));
  });
}

void NodeEngine::read_retention(WorkspaceId workspace) {
  services_.read([this, workspace](store::Reader& reader) {
    const Status read = services_.retention.load(reader, workspace, services_.now());
    if (!read) {
      services_.ports.log.warning("how long runs are kept could not be read",
                                  {{"message", read.error().message}});
    }
  });
}

void NodeEngine::start(StartRequest request, Callback<Started> done) {
  const store::TenantScope scope{request.workspace, request.project};
  const WorkflowId workflow = request.workflow;
  const std::int32_t version = request.version.value_or(0);
  const TimePoint asked = services_.now();
  RunId known = request.run_id.value_or(RunId{});
  if (!known.set() && !request.idempotency_key.empty()) {
    known = keyed_run_id(services_.ports.hasher, request);
  }
  if (known.set() && services_.router != nullptr && !services_.ownership.is_mine(known)) {
    return services_.router->start(known, std::move(request), std::move(done));
  }
  const auto measured = [this, asked, done = std::move(done)](Result<Started> started) {
    done(std::move(started));
    services_.metrics.submit_latency.observe(
        static_cast<double>((services_.now() - asked).us) / 1e6);
  };
  with_version(scope, workflow, version,
               [this, request = std::move(request),
                measured](Result<std::shared_ptr<const Published>> published) {
                 if (!published) return measured(std::move(published).error());
                 if ((*published)->workflow.archived) return measured(not_found("workflow"));
                 caf::anon_send(services_.tenant(request.workspace),
                                StartRun{request, *published, always_answered<Started>(measured)});
               });
}

void NodeEngine::start_batch(StartRequest common, std::vector<BatchItem> items,
                             Callback<std::vector<RunId>> done) {
  const store::TenantScope scope{common.workspace, common.project};
  const WorkflowId workflow = common.workflow;
  auto list = std::make_shared<std::vector<BatchItem>>(std::move(items));
  with_version(scope, workflow, common.version.value_or(0),
               [this, common = std::move(common), list,
                done = std::move(done)](Result<std::shared_ptr<const Published>> published) {
                 if (!published) return done(std::move(published).error());
                 if ((*published)->workflow.archived) return done(not_found("workflow"));
                 caf::anon_send(services_.tenant(common.workspace),
                                StartRuns{common, *published, list,
                                          always_answered<std::vector<RunId>>(done), nullptr});
               });
}

void NodeEngine::retry(store::TenantScope scope, RetryRequest request, Callback<Started> done) {
  if (!request.idempotency_key.empty() && services_.router != nullptr) {
    const RunId known = keyed_retry_id(services_.ports.hasher, request);
    if (!services_.ownership.is_mine(known)) {
      return services_.router->retry(known, scope, std::move(request), std::move(done));
    }
  }
  look(scope, request.run, true,
       [this, scope, request, done = always_answered(std::move(done))](Result<RunLook> seen) {
         if (!seen) return done(std::move(seen).error());
         if (!store::ended(seen->row.status)) {
           return done(Error{Code::kConflict, "the run has not ended", {}});
         }
         const std::int32_t version = request.version.value_or(seen->row.version);
         with_version(
             {scope.workspace, std::nullopt}, seen->row.workflow, version,
             [this, request, seen = *seen, done](Result<std::shared_ptr<const Published>> to) {
               if (!to) return done(std::move(to).error());
               services_.read([this, request, seen, done, to = *to](store::Reader& reader) {
                 retry_from(services_, reader, request, seen, to, done);
               });
             });
       });
}

// ---- messages to runs ---------------------------------------------------------------------------

void NodeEngine::ask(const store::TenantScope& scope, RunId run, run::Event event,
                     Callback<Answered> done) {
  const auto fresh = [this, done = std::move(done)](Result<Answered> answer) {
    if (services_.ownership.speaks_for(answer)) return done(std::move(answer));
    done(Ownership::lost_touch());
  };
  Ask message{std::move(event), always_answered<Answered>(fresh)};
  services_.reach(scope.workspace, ToRun{run, scope, std::move(message)});
}

void NodeEngine::look(const store::TenantScope& scope, RunId run, bool with_state,
                      Callback<RunLook> done) {
  const auto fresh = [this, done = std::move(done)](Result<RunLook> seen) {
    if (services_.ownership.lease_holds()) return done(std::move(seen));
    // Somebody else may have gone on with the run.
    done(Ownership::lost_touch());
  };
  Look message{with_state, always_answered<RunLook>(fresh)};
  services_.reach(scope.workspace, ToRun{run, scope, std::move(message)});
}

void NodeEngine::control(store::TenantScope scope, RunId run, Control control,
                         Callback<store::RunRow> done) {
  run::Event event = run::event::PauseAsked{};
  if (control == Control::kResume) event = run::event::ResumeAsked{};
  if (control == Control::kStopImmediate) event = run::event::StopAsked{false};
  if (control == Control::kStopGraceful) event = run::event::StopAsked{true};
  ask(scope, run, std::move(event), [done = std::move(done)](Result<Answered> answer) {
    if (!answer) return done(std::move(answer).error());
    done(std::move(answer->row));
  });
}

void NodeEngine::complete_task(store::TenantScope scope, TaskAnswer answer,
                               Callback<TaskDecided> done) {
  run::event::TaskAnswered event{answer.task, answer.approved, answer.result, answer.comment,
                                 answer.by};
  ask(scope, answer.run, std::move(event),
      [this, scope, answer, done = std::move(done)](Result<Answered> decided) {
        if (decided) return done(decided->task);
        const bool ended = decided.error().code == Code::kRunEnded;
        if (!ended && decided.error().code != Code::kTaskCompleted) {
          return done(std::move(decided).error());
        }
        // A second answer is told what the first one decided.
        look(scope, answer.run, true,
             [this, scope, answer, done, error = decided.error()](Result<RunLook> seen) {
               if (!seen) return done(std::move(seen).error());
               services_.read([this, seen = std::move(*seen), scope, answer, done,
                               error](store::Reader& reader) {
                 done(task_conflict(services_, reader, scope, seen, answer, error));
               });
             });
      });
}

void NodeEngine::send_event(store::TenantScope scope, RunId run, std::string event,
                            std::string key, json::Text data, Callback<Unit> done) {
  ask(scope, run,
      run::event::EventArrived{std::move(event), std::move(key), std::move(data), true},
      [done = std::move(done)](Result<Answered> answer) {
        if (!answer) return done(std::move(answer).error());
        done(Unit{});
      });
}

void NodeEngine::broadcast_event(store::TenantScope scope, std::string event, std::string key,
                                 json::Text data, Callback<std::uint64_t> done) {
  services_.read([this, scope, event = std::move(event), key = std::move(key),
                  data = std::move(data), done = std::move(done)](store::Reader& reader) {
    auto waiters = reader.waiters(scope, event, key);
    if (!waiters) return done(std::move(waiters).error());
    if (waiters->empty()) return done(std::uint64_t{0});
    struct Tally {
      std::mutex mutex;
      std::size_t open = 0;
      std::uint64_t reached = 0;
    };
    auto tally = std::make_shared<Tally>();
    tally->open = waiters->size();
    for (const store::WaiterRow& waiter : *waiters) {
      ask({scope.workspace, std::nullopt}, waiter.run,
          run::event::EventArrived{event, key, data, false},
          [tally, done](Result<Answered> answer) {
            const std::lock_guard lock(tally->mutex);
            if (answer) ++tally->reached;
            if (--tally->open == 0) done(tally->reached);
          });
    }
  });
}

// ---- reads --------------------------------------------------------------------------------------

void NodeEngine::summary(store::TenantScope scope, RunId run, Callback<store::RunRow> done) {
  look(scope, run, false, [done = std::move(done)](Result<RunLook> seen) {
    if (!seen) return done(std::move(seen).error());
    done(std::move(seen->row));
  });
}

void NodeEngine::context(store::TenantScope scope, RunId run, Callback<json::Text> done) {
  look(scope, run, true, [this, done = std::move(done)](Result<RunLook> seen) {
    if (!seen) return done(std::move(seen).error());
    services_.read([seen = std::move(*seen), done](store::Reader& reader) {
      auto state = state_of(seen);
      if (!state) return done(std::move(state).error());
      done(run::context_json(*state, payload_source(reader, seen.row.bucket, seen.row.project)));
    });
  });
}

void NodeEngine::events(store::TenantScope scope, RunId run, std::uint64_t after,
                        std::size_t limit, Callback<json::Text> done) {
  look(scope, run, false, [this, after, limit, done = std::move(done)](Result<RunLook> seen) {
    if (!seen) return done(std::move(seen).error());
    services_.read([seen = std::move(*seen), after, limit, done](store::Reader& reader) {
      auto page = read_events(reader, seen, after, limit);
      if (!page) return done(std::move(page).error());
      json::Writer out;
      out.begin_object().key("items").begin_array();
      for (const LiveEvent& event : page->events) out.raw(event.json);
      out.end_array().member("next", page->events.empty() ? after : page->events.back().seq);
      done(out.end_object().take_text());
    });
  });
}

void NodeEngine::items(store::TenantScope scope, RunId run, std::string step, std::int64_t after,
                       std::size_t limit, Callback<json::Text> done) {
  look(scope, run, true,
       [this, scope, step = std::move(step), after, limit,
        done = std::move(done)](Result<RunLook> seen) {
         if (!seen) return done(std::move(seen).error());
         auto state = state_of(*seen);
         if (!state) return done(std::move(state).error());
         auto view = std::make_shared<ItemsView>();
         view->step = step;
         view->after = after;
         view->limit = limit;
         view->done = done;
         view->state = std::move(*state);
         view->groups = run::groups_cut_short(services_.ports.hasher, view->state, step);
         view->scope = scope;
         show_items(view);
       });
}

/// Asks the groups that the loop has not heard the end of, one by one, for what they have done.
void NodeEngine::show_items(const std::shared_ptr<ItemsView>& view) {
  if (view->groups.empty()) {
    return services_.read([view](store::Reader& reader) {
      view->done(run::items_json(view->state, view->step, view->after, view->limit,
                                 payload_source(reader, view->state.bucket, view->state.project),
                                 view->found));
    });
  }
  const auto [number, group] = *view->groups.begin();
  view->groups.erase(view->groups.begin());
  look(view->scope, group, true, [this, view, number](Result<RunLook> seen) {
    // One that is not there was never begun.
    if (!seen && seen.error().code == Code::kNotFound) return show_items(view);
    auto state = seen ? state_of(*seen) : Result<run::State>(seen.error());
    if (!state) return view->done(std::move(state).error());
    view->found.emplace(number, std::move(*state));
    show_items(view);
  });
}

void NodeEngine::logs(store::TenantScope scope, RunId run, std::uint64_t after, std::size_t limit,
                      Callback<json::Text> done) {
  look(scope, run, false, [this, after, limit, done = std::move(done)](Result<RunLook> seen) {
    if (!seen) return done(std::move(seen).error());
    services_.read([seen = std::move(*seen), after, limit, done](store::Reader& reader) {
      done(read_logs(reader, seen, after, limit));
    });
  });
}

void NodeEngine::value(store::TenantScope scope, RunId run, std::string reference,
                       Callback<json::Text> done) {
  look(scope, run, false,
       [this, reference = std::move(reference), done = std::move(done)](Result<RunLook> seen) {
         if (!seen) return done(std::move(seen).error());
         services_.read([seen = std::move(*seen), reference, done](store::Reader& reader) {
           const auto hash = parse_digest(reference);
           if (!hash) return done(not_found("value"));
           done(payload_source(reader, seen.row.bucket, seen.row.project)({*hash, 1}));
         });
       });
}

std::unique_ptr<Feed> NodeEngine::open_feed(FeedRequest request) {
  return actors::open_feed(services_, std::move(request));
}

std::vector<std::pair<std::string_view, std::int64_t>> NodeEngine::actor_counts() const {
  return {{"tenant", services_.tenant_actors.load()},
          {"run", services_.run_actors.load()},
          {"step", services_.step_actors.load()},
          {"branch", services_.branch_actors.load()}};
}

std::vector<Health> NodeEngine::health() const {
  const store::StoreInfo store = services_.ports.store.info();
  const bool failing = services_.store_failing;
  std::vector<Health> all = {
      {"engine", !services_.shutting_down.load(),
       services_.shutting_down ? "shutting down" : "running"},
      {"store", !failing, failing ? "the last commit failed" : store.kind + " " + store.version}};
  if (services_.cluster) {
    const bool holds = services_.ownership.lease_holds();
    all.push_back({"lease", holds, holds ? "renewed" : "run out: the store is not reached"});
  }
  if (services_.ports.bus != nullptr) {
    const bool connected = services_.ports.bus->connected();
    // Runs of other nodes are out of reach; everything else goes on.
    all.push_back({"nats", connected, connected ? "connected" : "not connected", false});
  }
  return all;
}

std::vector<NodeInfo> NodeEngine::nodes() const {
  const std::lock_guard lock(services_.cluster_seen.mutex);
  const store::ClusterView& view = services_.cluster_seen.view;
  std::vector<NodeInfo> list;
  for (const store::Member& member : view.members) {
    NodeInfo& node = list.emplace_back();
    node.number = member.number;
    node.name = member.name;
    node.address = member.address;
    node.is_self = member.number == services_.ownership.self();
    node.draining = member.draining;
    node.lease_left = member.lease_left;
    node.slots = static_cast<std::size_t>(
        std::count(view.owners.begin(), view.owners.end(), member.number));
  }
  return list;
}

Result<Uuid> NodeEngine::new_job_id() {
  const RunId id = services_.new_run_id();
  return id.set() ? Result<Uuid>(id) : Result<Uuid>(Services::no_slots());
}

void NodeEngine::look_for_jobs() {
  if (services_.bulk) caf::anon_send(services_.bulk, LookForJobs{});
}

void NodeEngine::drain(std::string node, Callback<Unit> done) {
  for (const NodeInfo& known : nodes()) {
    if (known.name != node) continue;
    if (known.is_self) {
      caf::anon_send(services_.cluster, Drain{[] {}});
      return done(Unit{});
    }
    if (services_.router == nullptr) {
      return done(Error{Code::kUnavailable, "other nodes cannot be reached without NATS", {}});
    }
    return services_.router->drain(known.number, std::move(done));
  }
  done(not_found("node"));
}

}  // namespace troupe::actors
