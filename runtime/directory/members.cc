#include "runtime/directory/members.h"

#include <utility>

#include "runtime/tenancy/token_text.h"

namespace troupe::directory {
namespace {

using store::Change;
using store::Document;
using store::DocumentKind;
using tenancy::Permission;

std::string target_of(UserId user) { return "user:" + user.to_string(); }

/// What of somebody's ends with his membership: explicit roles, and tokens that are bound there.
Status end_all_of(store::Documents& documents, WorkspaceId workspace, UserId user,
                  Change& change) {
  const auto roles = documents.all({DocumentKind::kProjectMember, workspace, {}, Uuid(user)});
  if (!roles) return roles.error();
  for (const Document& role : *roles) change.removed.push_back({role.kind, role.id});
  const auto tokens =
      documents.all({DocumentKind::kAccessToken, WorkspaceId{}, {}, Uuid(user)});
  if (!tokens) return tokens.error();
  for (const Document& row : *tokens) {
    const auto token = decode_token(row);
    if (!token) return token.error();
    const auto& binding = token->limits.binding;
    if (binding && binding->workspace == workspace) change.removed.push_back({row.kind, row.id});
  }
  return ok();
}

}  // namespace

Result<Change> change_roster(store::Documents& documents, const Context& context,
                             WorkspaceId workspace, const RosterDecision& decide,
                             const store::AuditLine& line) {
  const auto roster = roster_of(documents, workspace);
  if (!roster) return roster.error();
  const auto decided = decide(*roster);
  if (!decided) return decided.error();
  Change change;
  if (decided->empty()) return change;
  for (const tenancy::Member& member : decided->members) {
    Document document = encode(context.hasher, workspace, member);
    const auto before = documents.find(DocumentKind::kMember, document.id);
    if (!before) return before.error();
    if (*before) document.created = (*before)->created;
    change.put.push_back(std::move(document));
  }
  for (const tenancy::Invite& invite : decided->invites) {
    const auto before = documents.find(DocumentKind::kInvite, invite.id);
    if (!before) return before.error();
    change.put.push_back(encode(workspace, invite, *before ? (*before)->key : std::string()));
  }
  for (const UserId user : tenancy::roles_ended_by(*decided)) {
    if (Status ended = end_all_of(documents, workspace, user, change); !ended) {
      return ended.error();
    }
  }
  change.audit.push_back(line);
  return change;
}

Result<Change> leave_workspace(store::Documents& documents, const Context& context,
                               WorkspaceId workspace, UserId user) {
  const auto memberships =
      decode_all(documents.all({DocumentKind::kMember, {}, {}, Uuid(user)}), decode_member);
  if (!memberships) return memberships.error();
  std::size_t active = 0;
  for (const tenancy::Member& member : *memberships) {
    if (member.state == tenancy::MemberState::kActive) ++active;
  }
  return change_roster(
      documents, context, workspace,
      [&](const tenancy::Roster& roster) {
        return tenancy::leave(roster, user, active, context.now);
      },
      context.line(workspace, Permission::kWorkspaceLeave, target_of(user)));
}

Result<Change> create_invites(
    store::Documents& documents, const Context& context, WorkspaceId workspace,
    const tenancy::Actor& by,
    const std::vector<std::pair<std::string, tenancy::WorkspaceRole>>& wanted,
    MadeInvites* made) {
  const auto roster = roster_of(documents, workspace);
  if (!roster) return roster.error();
  std::vector<tenancy::NewInvite> asked;
  for (const auto& [email, role] : wanted) {
    asked.push_back({InviteId(context.new_id()), email, role});
  }
  const auto decided = tenancy::invite(*roster, by, asked, context.now);
  if (!decided) return decided.error();
  const auto present = invites_of(documents, workspace);
  if (!present) return present.error();
  if (present->size() + wanted.size() > kInvitesMax) {
    return Error{Code::kLimitExceeded, "Too many have been invited this month.", {}};
  }
  const auto row = documents.workspace(workspace);
  if (!row) return row.error();
  *made = {};
  if (*row) made->workspace_slug = (*row)->slug;
  Change change;
  for (const tenancy::Invite& invite : decided->invites) {
    const auto before = documents.find(DocumentKind::kInvite, invite.id);
    if (!before) return before.error();
    if (*before) {  // one that is overdue and makes room
      change.put.push_back(encode(workspace, invite, (*before)->key));
      continue;
    }
    std::string token = tenancy::make_token(tenancy::TokenKind::kInvite, context.entropy);
    change.put.push_back(encode(workspace, invite, secret_key(context.hasher, token)));
    made->invites.push_back(invite);
    made->tokens.push_back(std::move(token));
  }
  change.audit.push_back(
      context.line(workspace, Permission::kInviteCreate,
                   made->invites.size() == 1
                       ? "invite:" + made->invites.front().id.to_string()
                       : "invites:" + std::to_string(made->invites.size())));
  return change;
}

Result<std::vector<tenancy::Invite>> invites_of(store::Documents& documents,
                                                WorkspaceId workspace) {
  return decode_all(documents.all({DocumentKind::kInvite, {}, {}, Uuid(workspace)}),
                    decode_invite);
}

Result<ShownInvite> show_invite(store::Documents& documents, const Hasher& hasher,
                                std::string_view token, TimePoint now) {
  const Error absent{Code::kNotFound, "There is no such invite, or it is over.", {}};
  if (tenancy::kind_of_token(token) != tenancy::TokenKind::kInvite) return absent;
  const auto found =
      documents.find_by_key(DocumentKind::kInvite, {}, {}, secret_key(hasher, token));
  if (!found) return found.error();
  if (!*found) return absent;
  auto invite = decode_invite(**found);
  if (!invite) return invite.error();
  const bool is_pending =
      invite->state == tenancy::InviteState::kPending && now < invite->expires;
  auto workspace = documents.workspace(WorkspaceId((*found)->owner));
  if (!workspace) return workspace.error();
  if (!is_pending || !*workspace) return absent;
  return ShownInvite{*std::move(invite), **std::move(workspace)};
}

Result<Change> answer_invite(store::Documents& documents, const Context& context,
                             std::string_view token, const User& user, bool accepts) {
  const auto shown = show_invite(documents, context.hasher, token, context.now);
  if (!shown) return shown.error();
  return change_roster(
      documents, context, shown->workspace.id,
      [&](const tenancy::Roster& roster) {
        return accepts ? tenancy::accept(roster, shown->invite.id, user.id, user.email, context.now)
                       : tenancy::reject(roster, shown->invite.id, user.email, context.now);
      },
      context.line(shown->workspace.id, Permission::kInviteAnswer,
                   "invite:" + shown->invite.id.to_string(), {accepts ? "accepted" : "rejected"}));
}

}  // namespace troupe::directory
