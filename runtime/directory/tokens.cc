#include "runtime/directory/tokens.h"

#include <algorithm>
#include <utility>

#include "runtime/directory/caller.h"
#include "runtime/tenancy/token_text.h"

namespace troupe::directory {
namespace {

using store::Change;
using store::Document;
using store::DocumentKind;
using tenancy::Permission;

Error no_token() { return {Code::kNotFound, "There is no such token.", {}}; }

/// Unset: the operator.
Result<UserId> owner_of(const Context& context) {
  if (std::holds_alternative<tenancy::Nobody>(context.by)) {
    return {Code::kForbidden, "Only a user or the operator has tokens."};
  }
  return tenancy::user_of(context.by).value_or(UserId{});
}

std::string target_of(TokenId token) { return "token:" + token.to_string(); }

/// That a token may be bound there by this user.
Status check_binding(store::Documents& documents, const Context& context, UserId user,
                     const tenancy::Binding& binding) {
  const Error absent{Code::kNotFound, "There is no such workspace or project.", {}};
  const auto workspace = documents.workspace(binding.workspace);
  if (!workspace) return workspace.error();
  if (!*workspace) return absent;
  std::optional<tenancy::WorkspaceRole> role;
  if (user.set()) {
    const auto member = find_member(documents, context.hasher, binding.workspace, user);
    if (!member) return member.error();
    if (!*member || (*member)->state != tenancy::MemberState::kActive) return absent;
    role = (*member)->role;
  }
  if (!binding.project) return ok();
  const auto projects = documents.projects_of(binding.workspace);
  if (!projects) return projects.error();
  const auto project = std::find_if(projects->begin(), projects->end(), [&](const auto& row) {
    return row.id == *binding.project && !row.archived.set();
  });
  if (project == projects->end()) return absent;
  if (!role) return ok();
  const auto given = documents.find(DocumentKind::kProjectMember,
                                    project_member_id(context.hasher, project->id, user));
  if (!given) return given.error();
  std::optional<tenancy::ProjectRole> explicit_role;
  if (*given) {
    const auto member = decode_project_member(**given);
    if (!member) return member.error();
    explicit_role = member->role;
  }
  const bool is_seen =
      tenancy::effective_role(*role, project->is_private, explicit_role).has_value();
  return is_seen ? ok() : Status(absent);
}

Result<std::vector<AccessToken>> decode_current(const std::vector<Document>& rows, TimePoint now) {
  std::vector<AccessToken> tokens;
  for (const Document& row : rows) {
    if (row.expires.set() && row.expires <= now) continue;
    auto token = decode_token(row);
    if (!token) return token.error();
    tokens.push_back(*std::move(token));
  }
  return tokens;
}

}  // namespace

Result<Change> create_token(store::Documents& documents, const Context& context,
                            const NewToken& wanted, MadeToken* made) {
  if (Status fits = tenancy::check_new_token(context.by, wanted.limits, context.now); !fits) {
    return fits.error();
  }
  const auto owner = owner_of(context);
  if (!owner) return owner.error();
  // Whoever is about to revoke a credential has to be sure that it leaves no other behind.
  if (Status alive = check_alive(documents, context); !alive) return alive.error();
  if (wanted.limits.binding) {
    const Status bound = check_binding(documents, context, *owner, *wanted.limits.binding);
    if (!bound) return bound.error();
  }
  const auto present = tokens_of(documents, *owner, context.now);
  if (!present) return present.error();
  if (present->size() >= kTokensMax) {
    return Error{Code::kLimitExceeded, "There are too many tokens: revoke one.", {}};
  }
  made->text = tenancy::make_token(tenancy::TokenKind::kAccess, context.entropy);
  made->token = {.id = TokenId(context.new_id()),
                 .user = *owner,
                 .key = secret_key(context.hasher, made->text),
                 .name = wanted.name,
                 .shown = std::string(tenancy::shown_part(made->text)),
                 .limits = wanted.limits,
                 .created = context.now};
  Change change;
  change.put.push_back(encode(made->token));
  const WorkspaceId log =
      wanted.limits.binding ? wanted.limits.binding->workspace : WorkspaceId{};
  change.audit.push_back(
      context.line(log, Permission::kTokenCreate, target_of(made->token.id),
                   {"name", "scopes", "expires_at"}));
  return change;
}

Result<std::vector<AccessToken>> tokens_of(store::Documents& documents, UserId user,
                                           TimePoint now) {
  const auto rows =
      documents.all({DocumentKind::kAccessToken, WorkspaceId{}, {}, Uuid(user)});
  if (!rows) return rows.error();
  return decode_current(*rows, now);
}

Result<Change> revoke_token(store::Documents& documents, const Context& context, TokenId token) {
  const auto owner = owner_of(context);
  if (!owner) return owner.error();
  const auto found = documents.find(DocumentKind::kAccessToken, token);
  if (!found) return found.error();
  if (!*found || (*found)->owner != Uuid(*owner)) return no_token();
  const auto known = decode_token(**found);
  if (!known) return known.error();
  const auto* asking = std::get_if<tenancy::TokenUser>(&context.by);
  if (asking != nullptr && asking->token != token &&
      !tenancy::check_new_token(context.by, known->limits, context.now)) {
    return Error{Code::kForbidden, "A token revokes only itself and lesser ones.", {}};
  }
  Change change;
  change.removed.push_back({DocumentKind::kAccessToken, token});
  const auto& binding = known->limits.binding;
  change.audit.push_back(context.line(binding ? binding->workspace : WorkspaceId{},
                                      Permission::kTokenRevoke, target_of(token)));
  return change;
}

Result<std::vector<AccessToken>> member_tokens(store::Documents& documents, WorkspaceId workspace,
                                               TimePoint now) {
  const auto roster = roster_of(documents, workspace);
  if (!roster) return roster.error();
  std::vector<AccessToken> bound;
  for (const tenancy::Member& member : roster->members) {
    auto tokens = tokens_of(documents, member.user, now);
    if (!tokens) return tokens.error();
    for (AccessToken& token : *tokens) {
      const auto& binding = token.limits.binding;
      if (binding && binding->workspace == workspace) bound.push_back(std::move(token));
    }
  }
  return bound;
}

Result<Change> revoke_member_token(store::Documents& documents, const Context& context,
                                   WorkspaceId workspace, TokenId token) {
  const auto found = documents.find(DocumentKind::kAccessToken, token);
  if (!found) return found.error();
  if (!*found) return no_token();
  const auto known = decode_token(**found);
  if (!known) return known.error();
  const auto& binding = known->limits.binding;
  if (!known->user.set() || !binding || binding->workspace != workspace) return no_token();
  Change change;
  change.removed.push_back({DocumentKind::kAccessToken, token});
  change.audit.push_back(
      context.line(workspace, Permission::kMemberTokenRevoke, target_of(token)));
  return change;
}

}  // namespace troupe::directory
