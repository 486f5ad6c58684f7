#include "adapters/nats/intake.h"

#include <utility>

#include "adapters/nats/deadlines.h"
#include "adapters/nats/subject.h"
#include "runtime/edge/body_reader.h"
#include "runtime/json/read.h"
#include "runtime/tenancy/token_text.h"

namespace troupe::nats {
namespace {

constexpr std::size_t kKeyBytesMax = 255;

}  // namespace

Result<StartRequest> parse_submission(const json::Text& text) {
  std::vector<Issue> issues;
  edge::BodyReader body(text.view(), "", issues);
  StartRequest start;
  start.trigger_type = "nats";
  if (issues.empty()) {
    const std::string id = body.required_text("workflow_id", 64);
    const auto workflow = Uuid::parse(id);
    if (workflow) start.workflow = WorkflowId(*workflow);
    if (!workflow && !id.empty()) body.wrong("workflow_id", "must be a UUID.");
  }
  if (const auto version = body.integer("version", 1, INT32_MAX)) {
    start.version = static_cast<std::int32_t>(*version);
  }
  if (const auto input = body.object("input")) {
    start.input = edge::own(*input);
    start.input_given = true;
  }
  start.external_id = body.text("external_id", 256).value_or("");
  if (!issues.empty()) return edge::invalid(std::move(issues));
  return start;
}

void Intake::start(Arrival arrival, Callback<RunId> done) {
  const bool names_project = arrival.project != kNoProject;
  if (!is_slug(arrival.workspace) || (names_project && !is_slug(arrival.project))) {
    return done({Code::kNotFound, "The subject names no workspace and project."});
  }
  if (arrival.idempotency_key.size() > kKeyBytesMax) {
    return done({Code::kInvalidRequest, "The idempotency key is longer than 255 bytes."});
  }
  // As over HTTP without a header: what is looked up is the workspace's own choice.
  if (!names_project) arrival.project.clear();
  // Who asks is looked at before what is asked for.
  if (options_.needs_token || !arrival.authorization.empty()) {
    return judge(std::move(arrival), std::move(done));
  }
  take(std::move(arrival), std::nullopt, std::move(done));
}

void Intake::judge(Arrival arrival, Callback<RunId> done) {
  edge::Question question{std::string(edge::bearer_token(arrival.authorization)),
                          arrival.workspace, arrival.project};
  // A browser's session is no credential of a program's, here as in a header over HTTP.
  const auto kind = tenancy::kind_of_token(question.token);
  const bool is_other = kind && *kind != tenancy::TokenKind::kAccess;
  if (question.token.empty() || is_other || authority_ == nullptr) {
    return done({Code::kUnauthorized, "Send a token: \"Authorization: Bearer <token>\"."});
  }
  if (const edge::Authority::Known known = authority_->find(question)) {
    return admit(*known, std::move(arrival), done);
  }
  authority_->look_up(std::move(question),
                      [this, arrival = std::move(arrival),
                       done = std::move(done)](const Result<edge::Authority::Known>& known) {
                        if (!known) return done(known.error());
                        admit(**known, arrival, done);
                      });
}

void Intake::admit(const edge::Caller& caller, Arrival arrival, const Callback<RunId>& done) {
  const auto grant = authority_->authorise(caller, arrival.door.needs);
  if (!grant) return done(grant.error());
  take(std::move(arrival), caller.scope, done);
}

void Intake::take(Arrival arrival, std::optional<store::TenantScope> scope,
                  Callback<RunId> done) {
  auto text = json::Text::parse(std::move(arrival.body), {.bytes_max = options_.body_bytes_max});
  if (!text.ok()) return done(text.error());
  auto request = parse_submission(*text);
  if (!request.ok()) return done(request.error());
  request->idempotency_key = arrival.idempotency_key;
  if (!arrival.idempotency_key.empty()) {
    request->request = hasher_.hash(json::compact(text->view()));
  }
  Wanted wanted{std::move(arrival), *std::move(request), std::move(scope)};
  if (const auto found = known(wanted)) return ask(std::move(wanted.request), *found, done);
  std::uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    generation = known_.generation();
  }
  engine_.read([this, generation, wanted = std::move(wanted),
                done = std::move(done)](store::Reader& reader) {
    const Result<store::TenantScope> found = look_up(reader, wanted, generation);
    if (!found.ok()) return done(found.error());
    ask(wanted.request, *found, done);
  });
}

std::optional<store::TenantScope> Intake::known(const Wanted& wanted) {
  const std::int64_t now_us = monotonic_us();
  const std::lock_guard lock(mutex_);
  if (now_us >= forget_at_us_) {
    known_.forget();
    forget_at_us_ = now_us + options_.trusted.us;
  }
  const auto scope = wanted.scope
                         ? wanted.scope
                         : known_.find(wanted.arrival.workspace, wanted.arrival.project);
  if (!scope || !known_.sees(*scope, wanted.request.workflow)) return std::nullopt;
  return scope;
}

Result<store::TenantScope> Intake::look_up(store::Reader& reader, const Wanted& wanted,
                                           std::uint64_t generation) {
  const auto scope = wanted.scope ? Result<store::TenantScope>(*wanted.scope)
                                  : edge::look_up(reader, wanted.arrival.workspace,
                                                  wanted.arrival.project);
  if (!scope.ok()) return scope.error();
  const Status status = edge::check_workflow(reader, *scope, wanted.request.workflow);
  if (!status.ok()) return status.error();
  const std::lock_guard lock(mutex_);
  // A workspace without a project may get one.
  if (scope->project && !wanted.scope) {
    known_.keep(generation, wanted.arrival.workspace, wanted.arrival.project, *scope);
  }
  known_.keep(generation, *scope, wanted.request.workflow);
  return *scope;
}

void Intake::ask(StartRequest request, const store::TenantScope& scope, Callback<RunId> done) {
  request.workspace = scope.workspace;
  if (scope.project) request.project = *scope.project;
  engine_.start(std::move(request), [done = std::move(done)](const Result<Started>& started) {
    if (started.ok()) done(started->run);
    else done(started.error());
  });
}

}  // namespace troupe::nats
