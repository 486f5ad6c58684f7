#include "actors/store/load_run.h"

#include "actors/node/always_answered.h"
#include "actors/store/next_frame.h"
#include "actors/tenant/admission.h"
#include "runtime/journal/frame.h"
#include "runtime/run/children.h"
#include "runtime/store/expiry.h"

namespace troupe::actors {
namespace {

constexpr std::chrono::seconds kWantChildAgain{1};

Result<std::shared_ptr<const graph::Graph>> graph_of(Services& services, store::Reader& reader,
                                                     WorkspaceId workspace, WorkflowId workflow,
                                                     std::int32_t version) {
  auto published =
      published_version(services, reader, {workspace, std::nullopt}, workflow, version);
  if (!published) return std::move(published).error();
  return (*published)->graph;
}

}  // namespace

Result<std::shared_ptr<const Published>> published_version(Services& services,
                                                           store::Reader& reader,
                                                           const store::TenantScope& scope,
                                                           WorkflowId workflow,
                                                           std::int32_t version) {
  return load_version(reader, services.versions, services.tools(),
                      services.options.graph, scope, workflow, version);
}

run::PayloadSource payload_source(store::Reader& reader, std::uint32_t bucket, ProjectId project) {
  return [&reader, bucket, project](const run::PayloadRef& ref) -> Result<json::Text> {
    auto body = reader.payload(bucket, project, ref.hash);
    if (!body) return std::move(body).error();
    if (!*body) return Error{Code::kNotFound, "a stored value is gone", {}};
    return json::Text::trusted(std::move(**body));
  };
}

// ---- fold ---------------------------------------------------------------------------------------

Status Fold::begin(const store::Snapshot& snapshot) {
  auto state = run::decode_snapshot(snapshot.bytes);
  if (!state) return std::move(state).error();
  auto graph = graph_of(services_, reader_, state->workspace, state->workflow, state->version);
  if (!graph) return std::move(graph).error();
  run::attach(*state, std::move(*graph));
  state_ = std::move(*state);
  seen_ = snapshot.pos;
  return ok();
}

Status Fold::create(RunId run, std::string_view records) {
  auto first = run::decode(&records);
  if (!first) return std::move(first).error();
  const auto* created = std::get_if<run::record::RunCreated>(&*first);
  if (created == nullptr) return Error{Code::kCorrupt, "a run's journal lacks its beginning", {}};
  auto graph =
      graph_of(services_, reader_, created->workspace, created->workflow, created->version);
  if (!graph) return std::move(graph).error();
  state_ = run::new_state(run, std::move(*graph));
  return ok();
}

Status Fold::add(const store::Frame& frame) {
  if (frame.pos <= seen_) return ok();
  auto view = journal::decode_frame(frame.bytes);
  if (!view) return std::move(view).error();
  std::string_view records = view->records;
  // The run of this id was removed, and its key used again, before its frames had left the journal.
  const bool is_another = view->header.number == 1 && state_ && store::ended(state_->status);
  if (is_another) state_.reset();
  if (!state_) {
    if (Status created = create(frame.entity, records); !created) return created;
  }
  while (!records.empty()) {
    auto record = run::decode(&records);
    if (!record) return std::move(record).error();
    if (Status fits = run::fold(*state_, *record); !fits) return fits;
  }
  state_->chain.append(frame.pos);
  seen_ = frame.pos;
  return ok();
}

Status Fold::repeat(const store::Frame& frame) {
  seen_ = frame.pos - 1;
  return add(frame);
}

bool Fold::is_removed() const {
  return state_ && store::ended(state_->status) && store::expires(state_->bucket) &&
         state_->bucket <= store::last_expired(services_.now());
}

Result<run::State> Fold::finish() {
  if (!state_) return Error{Code::kCorrupt, "nothing of this run is stored", {}};
  const auto payloads = payload_source(reader_, state_->bucket, state_->project);
  for (run::Value* value : run::absent_values(*state_)) {
    auto text = payloads(value->ref);
    if (!text) return std::move(text).error();
    value->text = std::move(*text);
  }
  return std::move(*state_);
}

Result<std::vector<RunId>> children_let_go(store::Reader& reader, const store::RunRow& row) {
  run::ChildrenLetGo children;
  const Status walked = journal::for_each_frame(
      reader, row.id, row.head, 0,
      [&children](const store::Frame&, const journal::FrameView& view) -> Status {
        std::string_view records = view.records;
        while (!records.empty()) {
          auto record = run::decode(&records);
          if (!record) return std::move(record).error();
          children.note(*record);
        }
        return ok();
      });
  if (!walked) return walked.error();
  return children.ids();
}

// ---- loading ------------------------------------------------------------------------------------

namespace {

/// The crashed actor of an ended run may have left the stops of its children unsent.
void stop_children(Services& services, store::Reader& reader, const store::RunRow& ended) {
  if (ended.status == store::RunStatus::kCompleted) return;
  const auto children = children_let_go(reader, ended);
  if (!children) {
    return services.ports.log.error("children of an ended run may go on",
                                    {{"run_id", ended.id.to_string()},
                                     {"message", children.error().message}});
  }
  for (const RunId child : *children) {
    services.send(ended.workspace, ToRun{child, {ended.workspace, std::nullopt},
                                         Ask{run::event::StopAsked{false}, {}}});
  }
}

}  // namespace

Loaded load_run(Services& services, store::Reader& reader, WorkspaceId workspace, RunId run,
                Origin origin) {
  Loaded loaded{run, nullptr, nullptr, std::nullopt, origin};
  const bool crashed = origin == Origin::kRecovered;
  const auto fail = [&loaded](Error error) {
    loaded.error = std::move(error);
    return loaded;
  };
  auto row = reader.run_unscoped(run);
  if (!row) return fail(std::move(row).error());
  if (!*row || (*row)->workspace != workspace) return loaded;
  loaded.project = (*row)->project;
  auto snapshot = reader.snapshot(run);
  if (!snapshot) return fail(std::move(snapshot).error());
  if (store::ended((*row)->status) && !*snapshot) {
    loaded.row = std::make_shared<store::RunRow>(std::move(**row));
    if (crashed) stop_children(services, reader, *loaded.row);
    return loaded;
  }
  Fold fold(services, reader);
  if (*snapshot) {
    if (Status begun = fold.begin(**snapshot); !begun) return fail(std::move(begun).error());
  }
  const store::Pos after = *snapshot ? (*snapshot)->pos : 0;
  Status folded = ok();
  if (crashed || !*snapshot || (*row)->head > after) {
    loaded.origin = Origin::kRecovered;
    const Status scanned = reader.scan_tail_of(run, after, [&](store::Frame frame) {
      folded = fold.add(frame);
      return folded.ok();
    });
    if (!scanned) return fail(scanned.error());
    if (!folded) return fail(folded.error());
  }
  auto state = fold.finish();
  if (!state) return fail(std::move(state).error());
  if (crashed && store::ended(state->status)) {
    stop_children(services, reader, run::row_of(*state));
  }
  if (store::ended(state->status) && (!state->parent.set() || state->parent_acknowledged)) {
    loaded.row = std::make_shared<store::RunRow>(run::row_of(*state));
    return loaded;
  }
  // A run that was set aside had work under way.
  const bool aside = state->pause_reason == store::PauseReason::kQuarantine;
  if ((aside && !state->user_paused) || run::runnable(*state)) loaded.origin = Origin::kRecovered;
  loaded.state = std::make_shared<run::State>(std::move(*state));
  return loaded;
}

Result<std::shared_ptr<const graph::Graph>> graph_of_row(Services& services, store::Reader& reader,
                                                         const store::RunRow& row) {
  return graph_of(services, reader, row.workspace, row.workflow, row.version);
}

Result<RunLook> look_at_ended(Services& services, store::Reader& reader, const store::RunRow& row,
                              bool with_state) {
  RunLook look;
  look.row = row;
  look.head = row.head;
  auto graph = graph_of_row(services, reader, row);
  if (!graph) return std::move(graph).error();
  look.graph = std::move(*graph);
  auto last = reader.frame(row.head);
  if (!last) return std::move(last).error();
  store::Frame frame;
  if (*last) {
    frame = std::move(**last);
  } else {
    auto archived = reader.history(row.id, row.head - 1, 1);
    if (!archived) return std::move(archived).error();
    if (archived->empty()) return Error{Code::kCorrupt, "the run's journal is gone", {}};
    frame = std::move(archived->front());
  }
  auto view = journal::decode_frame(frame.bytes);
  if (!view) return std::move(view).error();
  look.seq = view->header.first_seq + view->header.event_count - 1;
  if (!with_state) return look;
  Fold fold(services, reader);
  const Status folded = journal::for_each_frame(
      reader, row.id, row.head, 0,
      [&fold](const store::Frame& f, const journal::FrameView&) { return fold.add(f); });
  if (!folded) return folded.error();
  auto state = fold.finish();
  if (!state) return std::move(state).error();
  look.snapshot = run::encode_snapshot(*state);
  return look;
}

Result<run::State> state_of(const RunLook& look) {
  auto state = run::decode_snapshot(look.snapshot);
  if (!state) return state;
  run::attach(*state, look.graph);
  return state;
}

// ---- children -----------------------------------------------------------------------------------

void start_child_run(Services& services, store::Reader& reader, const TenantActor& tenant,
                     const ChildWanted& wanted) {
  const run::command::StartChild& child = wanted.child;
  const auto tell_parent = [&services, wanted](run::Event event) {
    services.send(wanted.scope.workspace,
                  ToRun{wanted.parent.run, {wanted.scope.workspace, std::nullopt},
                        Ask{std::move(event), {}}});
  };
  // What may go away is tried again, as is a child whose actor crashed before it was durable.
  const auto refuse = [tell_parent, tenant, wanted, child](const Error& error) {
    if (info(error.code).transient) {
      return caf::delayed_anon_send(tenant, kWantChildAgain, wanted);
    }
    tell_parent(run::event::ChildRefused{child.path, child.child, {error.code, error.message}});
  };
  const auto before = reader.run_unscoped(child.child);
  if (!before) return refuse(before.error());
  const auto asleep = reader.snapshot(child.child);
  if (!asleep) return refuse(asleep.error());
  if (*before && (!store::ended((*before)->status) || *asleep)) {
    // It exists and is open (or ended without its parent's word): a message makes sure that it is
    // awake.
    return services.send(wanted.scope.workspace,
                         ToRun{child.child, {wanted.scope.workspace, std::nullopt},
                               Ask{run::event::TimerDue{}, {}}});
  }
  if (*before) {
    auto look = look_at_ended(services, reader, **before, true);
    auto state = look ? state_of(*look) : Result<run::State>(look.error());
    if (!state) return refuse(state.error());
    json::Text output = state->output.text;
    if (state->output.ref.set()) {
      auto text = payload_source(reader, state->bucket, state->project)(state->output.ref);
      if (!text) return refuse(text.error());
      output = std::move(*text);
    }
    return tell_parent(run::event::ChildEnded{child.path, child.child, state->status, output,
                                              state->failure.value_or(run::Failure{})});
  }
  const auto workflow = Uuid::parse(child.workflow_id);
  if (!workflow) {
    return refuse({Code::kNotFound, "there is no workflow \"" + child.workflow_id + "\"", {}});
  }
  auto published = published_version(services, reader, wanted.scope, WorkflowId{*workflow},
                                     child.version.value_or(0));
  if (!published) return refuse(published.error());
  auto spec = std::make_shared<run::record::RunCreated>();
  spec->workspace = wanted.scope.workspace;
  spec->project = wanted.scope.project.value_or(ProjectId{});
  spec->workflow = (*published)->workflow.id;
  spec->version = (*published)->version;
  spec->trigger_type = "workflow";
  spec->at = services.now();
  spec->input.text = child.input;
  spec->parent = wanted.parent;
  spec->depth = child.depth;
  spec->bucket = wanted.bucket;
  for (const graph::Step& step : (*published)->graph->steps) {
    if (step.no_auto_start && step.depends_on.empty()) spec->out_of_scope.push_back(step.index);
  }
  const auto done = [refuse](Result<Started> started) {
    if (!started) refuse(started.error());
  };
  caf::anon_send(tenant,
                 StartMade{child.child, *published, spec, true, always_answered<Started>(done)});
}

// ---- writing on behalf of runs without an actor -------------------------------------------------

void write_quarantine(Services& services, store::Reader& reader, RunId run,
                      const std::string& why, const std::function<void(Aside, ProjectId)>& done) {
  auto row = reader.run_unscoped(run);
  // A row that cannot be read belongs to a run that is damaged, and stays aside in memory only.
  if (!row) return done(Aside::kWritten, {});
  if (!*row) return done(Aside::kAbsent, {});
  const ProjectId project = (*row)->project;
  if (store::ended((*row)->status)) return done(Aside::kEnded, project);
  services.ports.log.error("a run is quarantined", {{"run_id", run.to_string()}, {"why", why}});
  services.ports.metrics.counter("quarantines_total").add();
  auto submission = std::make_shared<Submission>();
  submission->done = [&services, run, project, done](const Status& written) {
    if (!written) {
      services.ports.log.error("a quarantine was not written",
                               {{"run_id", run.to_string()}, {"message", written.error().message}});
    }
    done(Aside::kWritten, project);
  };
  store::RunRow& changed = submission->batch.runs.emplace_back(std::move(**row));
  changed.status = store::RunStatus::kPaused;
  changed.pause_reason = store::PauseReason::kQuarantine;
  Loaded loaded = load_run(services, reader, changed.workspace, run, Origin::kRecovered);
  if (loaded.state != nullptr) {
    run::State& state = *loaded.state;
    if (state.pause_reason == store::PauseReason::kQuarantine) {
      return done(Aside::kWritten, project);
    }
    const run::Record record =
        run::record::RunPaused{store::PauseReason::kQuarantine, services.now()};
    run::apply(state, record);
    submission->batch.frames.push_back(
        next_frame(services, state, {record}, services.next_pos()));
    submission->pos = state.chain.head();
    changed.head = submission->pos;
    submission->batch.snapshots.push_back(
        {run, state.workspace, submission->pos, {}, false, run::encode_snapshot(state)});
    submission->closes = true;
  }
  services.submit(std::move(submission));
}

}  // namespace troupe::actors
