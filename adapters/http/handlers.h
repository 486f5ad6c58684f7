#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "adapters/http/call.h"
#include "adapters/http/core.h"

namespace troupe::http {

// Every handler of the route table. A handler runs on the connection's thread, must not block, and
// leads to exactly one answer of its call.
namespace handle {

// handle_server.cc
void live(const CallPtr& call);
void ready(const CallPtr& call);
void metrics(const CallPtr& call);
void openapi(const CallPtr& call);
void list_nodes(const CallPtr& call);
void drain_node(const CallPtr& call);


// handle_sign_in.cc
void sign_up(const CallPtr& call);
void sign_in(const CallPtr& call);
void sign_out(const CallPtr& call);
void show_session(const CallPtr& call);
void list_sessions(const CallPtr& call);
void revoke_session(const CallPtr& call);
void show_self(const CallPtr& call);
void change_self(const CallPtr& call);
void change_password(const CallPtr& call);
void ask_password_reset(const CallPtr& call);
void reset_password(const CallPtr& call);
void ask_verification(const CallPtr& call);
void verify_address(const CallPtr& call);
void disable_account(const CallPtr& call);
void enable_account(const CallPtr& call);

// handle_identities.cc
void begin_provider_sign_in(const CallPtr& call);
void end_provider_sign_in(const CallPtr& call);
void list_identities(const CallPtr& call);
void connect_identity(const CallPtr& call);
void disconnect_identity(const CallPtr& call);

// handle_tokens.cc
void list_tokens(const CallPtr& call);
void create_token(const CallPtr& call);
void revoke_token(const CallPtr& call);
void list_member_tokens(const CallPtr& call);
void revoke_member_token(const CallPtr& call);

// handle_workspace.cc
void list_workspaces(const CallPtr& call);
void create_workspace(const CallPtr& call);
void show_workspace(const CallPtr& call);
void change_workspace(const CallPtr& call);
void list_environments(const CallPtr& call);
void create_environment(const CallPtr& call);
void change_environment(const CallPtr& call);
void delete_environment(const CallPtr& call);

// handle_members.cc
void list_members(const CallPtr& call);
void change_member(const CallPtr& call);
void remove_member(const CallPtr& call);
void leave_workspace(const CallPtr& call);
void list_invites(const CallPtr& call);
void create_invites(const CallPtr& call);
void cancel_invite(const CallPtr& call);
void show_invite(const CallPtr& call);
void answer_invite(const CallPtr& call);

// handle_projects.cc
void list_projects(const CallPtr& call);
void create_project(const CallPtr& call);
void show_project(const CallPtr& call);
void change_project(const CallPtr& call);
void archive_project(const CallPtr& call);
void leave_project(const CallPtr& call);
void list_project_members(const CallPtr& call);
void give_project_role(const CallPtr& call);
void take_project_role(const CallPtr& call);

// handle_secrets.cc
void list_secrets(const CallPtr& call);
void put_secret(const CallPtr& call);
void reveal_secret(const CallPtr& call);
void delete_secret(const CallPtr& call);
void rotate_data_key(const CallPtr& call);
void rotate_master_key(const CallPtr& call);

// handle_models.cc
void list_provider_keys(const CallPtr& call);
void create_provider_key(const CallPtr& call);
void show_provider_key(const CallPtr& call);
void change_provider_key(const CallPtr& call);
void delete_provider_key(const CallPtr& call);
void test_provider_key(const CallPtr& call);
void list_models(const CallPtr& call);
void put_model(const CallPtr& call);
void delete_model(const CallPtr& call);

// handle_connections.cc
void list_connections(const CallPtr& call);
void create_connection(const CallPtr& call);
void show_connection(const CallPtr& call);
void change_connection(const CallPtr& call);
void delete_connection(const CallPtr& call);
void list_connection_uses(const CallPtr& call);

// handle_audit.cc
void list_audit(const CallPtr& call);
void export_audit(const CallPtr& call);

// handle_workflows.cc
void list_workflows(const CallPtr& call);
void create_workflow(const CallPtr& call);
void show_workflow(const CallPtr& call);
void change_workflow(const CallPtr& call);
void archive_workflow(const CallPtr& call);
void publish(const CallPtr& call);
void list_versions(const CallPtr& call);
void show_version(const CallPtr& call);
void validate(const CallPtr& call);

// handle_diff.cc
void diff_version(const CallPtr& call);

// handle_commands.cc
void command(const CallPtr& call);
void start_batch(const CallPtr& call);

// handle_runs.cc
void list_runs(const CallPtr& call);
void summary(const CallPtr& call);
void context(const CallPtr& call);
void items(const CallPtr& call);
void logs(const CallPtr& call);
void value(const CallPtr& call);

// handle_jobs.cc
void bulk_runs(const CallPtr& call);
void list_jobs(const CallPtr& call);
void show_job(const CallPtr& call);
void cancel_job(const CallPtr& call);

// handle_analytics.cc
void analytics(const CallPtr& call);

// handle_events.cc
void events(const CallPtr& call);
void stream(const CallPtr& call);
void send_event(const CallPtr& call);
void broadcast_event(const CallPtr& call);

// handle_tasks.cc
void pending_tasks(const CallPtr& call);
void complete_task(const CallPtr& call);

}  // namespace handle

/// Reads from the store on one of its threads and goes on with the result on the connection's.
template <class T, class Work, class Use>
void read_store(const CallPtr& call, Work work, Use use) {
  call->core.services.engine.read(
      [work = std::move(work), done = call->then<T>(std::move(use))](store::Reader& reader) {
        done(work(reader));
      });
}
/// The same for changes.
template <class T, class Work, class Use>
void write_store(const CallPtr& call, Work work, Use use) {
  call->core.services.engine.write(
      [work = std::move(work), done = call->then<T>(std::move(use))](store::Writer& writer) {
        done(work(writer));
      });
}

/// The id in a path segment. One that is no UUID names nothing, which is answered here with 404.
template <class AnyId>
std::optional<AnyId> id_param(const CallPtr& call, std::string_view name, std::string_view what) {
  const auto id = Uuid::parse(call->param(name));
  if (id) return AnyId(*id);
  call->fail(Code::kNotFound, "There is no such " + std::string(what) + ".");
  return std::nullopt;
}

/// Goes on with the run of the path, after making sure that it belongs to the path's workflow,
/// where the path names one.
void with_run(const CallPtr& call, std::function<void(RunId)> use);
/// Goes on with the row of a run of the path's workflow (or of any, if the path names none).
void with_run_row(const CallPtr& call, RunId run, std::function<void(store::RunRow)> use);

}  // namespace troupe::http
