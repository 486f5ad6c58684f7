// Personal access tokens: the caller's own, and what an administrator sees of his members'.
#include "adapters/http/change.h"
#include "adapters/http/render.h"
#include "runtime/directory/tokens.h"
#include "runtime/json/write.h"
#include "runtime/tenancy/names.h"

namespace troupe::http {
namespace {

using directory::AccessToken;

void write_token(json::Writer& out, const AccessToken& token) {
  const tenancy::TokenLimits& limits = token.limits;
  out.member("id", token.id.to_string())
      .member("name", token.name)
      .member("shown", token.shown)
      .key("scopes")
      .begin_array();
  for (std::size_t i = 0; i < tenancy::kScopeNames.size(); ++i) {
    if (limits.scopes.has(static_cast<tenancy::Scope>(i))) out.string(tenancy::kScopeNames[i]);
  }
  out.end_array();
  const auto id_or_null = [&out](std::string_view name, bool is_set, const Uuid& id) {
    out.key(name);
    is_set ? out.string(id.to_string()) : out.null();
  };
  id_or_null("user_id", token.user.set(), token.user);
  id_or_null("workspace_id", limits.binding.has_value(),
             limits.binding ? Uuid(limits.binding->workspace) : Uuid{});
  const bool has_project = limits.binding && limits.binding->project;
  id_or_null("project_id", has_project, has_project ? Uuid(*limits.binding->project) : Uuid{});
  out.member("created_at", to_rfc3339(token.created)).key("expires_at");
  limits.expires.set() ? out.string(to_rfc3339(limits.expires)) : out.null();
}

std::string list_json(const std::vector<AccessToken>& tokens) {
  std::vector<std::string> items;
  for (const AccessToken& token : tokens) {
    json::Writer out;
    out.begin_object();
    write_token(out, token);
    items.push_back(out.end_object().take());
  }
  return page_json(items, {});
}

Uuid owner_of(const CallPtr& call) {
  return tenancy::user_of(call->principal).value_or(UserId{});
}

/// An id of the body; what is none is noted.
template <class AnyId>
std::optional<AnyId> id_in(edge::BodyReader& in, std::string_view key) {
  const auto text = in.text(key, 36);
  if (!text) return std::nullopt;
  const auto id = Uuid::parse(*text);
  if (!id) in.wrong(key, "must be a UUID.");
  return AnyId(id.value_or(Uuid{}));
}

directory::NewToken new_token_in(edge::BodyReader& in) {
  directory::NewToken wanted;
  wanted.name = checked(in, "name", in.required_text("name", 400),
                        [](const auto& text) { return tenancy::check_display_name(text); });
  const auto scopes = in.texts("scopes");
  if (!scopes || scopes->empty()) in.missing("scopes");
  for (std::size_t i = 0; scopes && i < scopes->size(); ++i) {
    const auto scope = tenancy::parse_scope((*scopes)[i]);
    if (scope) wanted.limits.scopes.add(*scope);
    else in.wrong("scopes/" + std::to_string(i), "is no scope.");
  }
  if (const auto expires = in.text("expires_at", 40)) {
    const auto at = parse_rfc3339(*expires);
    if (!at) in.wrong("expires_at", "must be an RFC 3339 date-time.");
    wanted.limits.expires = at.value_or(TimePoint{});
  }
  const auto workspace = id_in<WorkspaceId>(in, "workspace_id");
  const auto project = id_in<ProjectId>(in, "project_id");
  if (workspace) wanted.limits.binding = tenancy::Binding{*workspace, project};
  if (project && !workspace) in.wrong("project_id", "needs workspace_id beside it.");
  return wanted;
}

}  // namespace

namespace handle {

void list_tokens(const CallPtr& call) {
  using Tokens = std::vector<AccessToken>;
  const UserId owner{owner_of(call)};
  // The operator's own belong to no user, so no owner's scope shows them.
  const auto scope =
      owner.set() ? store::DocumentScope::owned_by(owner) : store::DocumentScope::all();
  read_documents<Tokens>(
      call, scope,
      [owner, now = call->core.services.clock.now()](store::Documents& documents) {
        return directory::tokens_of(documents, owner, now);
      },
      [call](const Tokens& tokens) { call->send_json(list_json(tokens)); });
}

void create_token(const CallPtr& call) {
  auto wanted = read_body(call, new_token_in);
  if (!wanted) return;
  std::vector<Uuid> locks = {owner_of(call)};
  if (wanted->limits.binding) locks.push_back(wanted->limits.binding->workspace);
  change_store<directory::MadeToken>(
      call, std::move(locks),
      [wanted = *wanted](auto& documents, const auto& context, auto* made) {
        return directory::create_token(documents, context, wanted, made);
      },
      [call](const directory::MadeToken& made) {
        json::Writer out;
        out.begin_object();
        write_token(out, made.token);
        call->send_json(out.member("token", made.text).end_object().take(), 201);
      });
}

void revoke_token(const CallPtr& call) {
  const auto token = id_param<TokenId>(call, "token", "token");
  if (!token) return;
  change_store<Unit>(
      call, {owner_of(call)},
      [token = *token](auto& documents, const auto& context, auto*) {
        return directory::revoke_token(documents, context, token);
      },
      [call](Unit) { call->send({.status = 204, .body = {}}); });
}

void list_member_tokens(const CallPtr& call) {
  using Tokens = std::vector<AccessToken>;
  read_documents<Tokens>(
      call, store::DocumentScope::all(),
      [workspace = call->scope.workspace,
       now = call->core.services.clock.now()](store::Documents& documents) {
        return directory::member_tokens(documents, workspace, now);
      },
      [call](const Tokens& tokens) { call->send_json(list_json(tokens)); });
}

void revoke_member_token(const CallPtr& call) {
  const auto token = id_param<TokenId>(call, "token", "token");
  if (!token) return;
  change_store<Unit>(
      call, {Uuid(call->scope.workspace)},
      [token = *token, workspace = call->scope.workspace](auto& documents, const auto& context,
                                                          auto*) {
        return directory::revoke_member_token(documents, context, workspace, token);
      },
      [call](Unit) { call->send({.status = 204, .body = {}}); });
}

}  // namespace handle
}  // namespace troupe::http
