// Who belongs to a workspace, and who is invited to.
#include "adapters/http/change.h"
#include "adapters/http/letters.h"
#include "adapters/http/render.h"
#include "runtime/directory/members.h"
#include "runtime/json/write.h"
#include "runtime/tenancy/names.h"

namespace troupe::http {
namespace {

using directory::User;
using tenancy::Member;
using tenancy::Permission;
using tenancy::Roster;
using tenancy::WorkspaceRole;

struct NamedMember {
  Member member;
  std::string name;
};

std::string member_json(const NamedMember& one) {
  json::Writer out;
  out.begin_object()
      .member("user_id", one.member.user.to_string())
      .member("email", one.member.email)
      .member("name", one.name)
      .member("role", tenancy::name(one.member.role))
      .member("owner", tenancy::is_owner(one.member.role))
      .member("state", tenancy::name(one.member.state))
      .member("since", to_rfc3339(one.member.since));
  return out.end_object().take();
}

void write_invite(json::Writer& out, const tenancy::Invite& invite, TimePoint now) {
  const bool is_over = invite.state == tenancy::InviteState::kPending && invite.expires <= now;
  out.member("id", invite.id.to_string())
      .member("email", invite.email)
      .member("role", tenancy::name(invite.role))
      .member("owner", tenancy::is_owner(invite.role))
      .member("state",
              tenancy::name(is_over ? tenancy::InviteState::kExpired : invite.state))
      .member("created_at", to_rfc3339(invite.created))
      .member("expires_at", to_rfc3339(invite.expires));
}

Result<std::vector<NamedMember>> named_members(store::Documents& documents,
                                               WorkspaceId workspace) {
  const auto roster = directory::roster_of(documents, workspace);
  if (!roster) return roster.error();
  std::vector<NamedMember> all;
  for (const Member& member : roster->members) {
    const auto user = directory::find_user(documents, member.user);
    if (!user) return user.error();
    all.push_back({member, *user ? (*user)->name : std::string()});
  }
  return all;
}

/// "role" with "owner" beside it; what is no role is noted.
std::optional<WorkspaceRole> role_in(edge::BodyReader& in) {
  const auto text = in.text("role", 64);
  const bool is_owner = in.boolean("owner").value_or(false);
  if (!text) return std::nullopt;
  const auto role = tenancy::parse_workspace_role(*text, is_owner);
  if (!role) in.wrong("role", "must be tenant_admin or tenant_member; an owner is a tenant_admin.");
  return role;
}

/// Changes the roster by one decision about the user of the path, and answers 204.
void decide(const CallPtr& call, Permission action, std::vector<std::string> fields,
            std::function<Result<tenancy::RosterChange>(const Roster&, const tenancy::Actor&,
                                                        UserId, TimePoint)>
                decision) {
  const auto user = id_param<UserId>(call, "user", "member");
  if (!user) return;
  const WorkspaceId workspace = call->scope.workspace;
  const tenancy::Actor actor = tenancy::actor_of(call->principal, *call->grant);
  change_store<Unit>(
      call, {Uuid(workspace)},
      [=, user = *user](auto& documents, const auto& context, auto*) {
        return directory::change_roster(
            documents, context, workspace,
            [&](const Roster& roster) { return decision(roster, actor, user, context.now); },
            context.line(workspace, action, "user:" + user.to_string(), fields));
      },
      [call](Unit) { call->send({.status = 204, .body = {}}); });
}

/// The user who asks, with his token of an invite in the body.
struct Answer {
  std::string token;
  bool accepts = false;
};

void answer(const CallPtr& call, const Answer& given) {
  const UserId id = tenancy::user_of(call->principal).value_or(UserId{});
  struct Known {
    directory::ShownInvite shown;
    User user;
  };
  read_documents<Known>(
      call, store::DocumentScope::all(),
      [given, id, &hasher = call->core.services.hasher,
       now = call->core.services.clock.now()](store::Documents& documents) -> Result<Known> {
        auto shown = directory::show_invite(documents, hasher, given.token, now);
        if (!shown) return shown.error();
        auto user = directory::find_user(documents, id);
        if (!user) return user.error();
        if (!*user) return Error{Code::kForbidden, "Sign in to answer an invite.", {}};
        return Known{*std::move(shown), **std::move(user)};
      },
      [call, given](const Known& known) {
        change_store<Unit>(
            call, {Uuid(known.shown.workspace.id), Uuid(known.user.id)},
            [given, user = known.user](auto& documents, const auto& context, auto*) {
              return directory::answer_invite(documents, context, given.token, user,
                                              given.accepts);
            },
            [call](Unit) { call->send({.status = 204, .body = {}}); });
      });
}

}  // namespace

namespace handle {

void list_members(const CallPtr& call) {
  using All = std::vector<NamedMember>;
  // Their names lie with the users, whom no workspace's scope shows.
  read_documents<All>(
      call, store::DocumentScope::all(),
      [workspace = call->scope.workspace](store::Documents& documents) {
        return named_members(documents, workspace);
      },
      [call](const All& all) {
        std::vector<std::string> items;
        for (const NamedMember& one : all) items.push_back(member_json(one));
        call->send_json(page_json(items, {}));
      });
}

void change_member(const CallPtr& call) {
  struct Body {
    std::optional<WorkspaceRole> role;
    std::optional<std::string> state;
  };
  auto body = read_body(call, [](edge::BodyReader& in) {
    Body out{role_in(in), in.text("state", 32)};
    if (out.state && *out.state != "active" && *out.state != "deactivated") {
      in.wrong("state", "must be active or deactivated; to remove a member, delete it.");
    }
    if (out.role.has_value() == out.state.has_value()) in.wrong("role", "or state: one of them.");
    return out;
  });
  if (!body) return;
  if (body->role) {
    return decide(call, Permission::kMemberChange, {"role"},
                  [role = *body->role](const Roster& roster, const auto& by, UserId user, auto) {
                    return tenancy::change_role(roster, by, user, role);
                  });
  }
  const bool activates = *body->state == "active";
  decide(call, Permission::kMemberChange, {"state"},
         [activates](const Roster& roster, const auto& by, UserId user, TimePoint now) {
           if (!activates) return tenancy::deactivate(roster, by, user, now);
           return tenancy::reactivate(roster, by, user, now);
         });
}

void remove_member(const CallPtr& call) {
  decide(call, Permission::kMemberChange, {"removed"},
         [](const Roster& roster, const auto& by, UserId user, TimePoint now) {
           return tenancy::remove(roster, by, user, now);
         });
}

void leave_workspace(const CallPtr& call) {
  const UserId user = tenancy::user_of(call->principal).value_or(UserId{});
  const WorkspaceId workspace = call->scope.workspace;
  change_store<Unit>(
      call, {Uuid(workspace), Uuid(user)},
      [user, workspace](auto& documents, const auto& context, auto*) {
        return directory::leave_workspace(documents, context, workspace, user);
      },
      [call](Unit) { call->send({.status = 204, .body = {}}); });
}

void list_invites(const CallPtr& call) {
  using All = std::vector<tenancy::Invite>;
  read_documents<All>(
      call, store::DocumentScope::owned_by(call->scope.workspace),
      [workspace = call->scope.workspace](store::Documents& documents) {
        return directory::invites_of(documents, workspace);
      },
      [call](const All& all) {
        std::vector<std::string> items;
        for (const tenancy::Invite& invite : all) {
          json::Writer out;
          out.begin_object();
          write_invite(out, invite, call->core.services.clock.now());
          items.push_back(out.end_object().take());
        }
        call->send_json(page_json(items, {}));
      });
}

void create_invites(const CallPtr& call) {
  using Wanted = std::vector<std::pair<std::string, WorkspaceRole>>;
  std::vector<Issue> issues;
  edge::BodyReader body(call->body.view(), "", issues);
  Wanted wanted;
  const auto list = issues.empty() ? body.array("invites") : std::nullopt;
  if (!list && issues.empty()) body.missing("invites");
  if (list) {
    json::for_each_element(*list, [&](std::string_view item) {
      edge::BodyReader one(item, "/invites/" + std::to_string(wanted.size()), issues);
      const std::string email =
          checked(one, "email", one.required_text("email", 254), tenancy::check_email);
      wanted.emplace_back(email, role_in(one).value_or(WorkspaceRole::kMember));
      return wanted.size() <= tenancy::kInvitesAtOnce;
    });
  }
  if (!issues.empty()) return call->fail(edge::invalid(std::move(issues)));
  const WorkspaceId workspace = call->scope.workspace;
  const tenancy::Actor actor = tenancy::actor_of(call->principal, *call->grant);
  change_store<directory::MadeInvites>(
      call, {Uuid(workspace)},
      [wanted, workspace, actor](auto& documents, const auto& context, auto* made) {
        return directory::create_invites(documents, context, workspace, actor, wanted, made);
      },
      [call](const directory::MadeInvites& made) {
        std::vector<std::string> items;
        for (std::size_t i = 0; i < made.invites.size(); ++i) {
          json::Writer out;
          out.begin_object();
          write_invite(out, made.invites[i], call->core.services.clock.now());
          mail_invite(call, made.invites[i].email, made.workspace_slug, made.tokens[i]);
          items.push_back(out.member("token", made.tokens[i]).end_object().take());
        }
        call->send_json(page_json(items, {}), 201);
      });
}

void cancel_invite(const CallPtr& call) {
  const auto invite = id_param<InviteId>(call, "invite", "invite");
  if (!invite) return;
  const WorkspaceId workspace = call->scope.workspace;
  change_store<Unit>(
      call, {Uuid(workspace)},
      [workspace, invite = *invite](auto& documents, const auto& context, auto*) {
        return directory::change_roster(
            documents, context, workspace,
            [&](const Roster& roster) { return tenancy::cancel(roster, invite, context.now); },
            context.line(workspace, Permission::kInviteCancel, "invite:" + invite.to_string()));
      },
      [call](Unit) { call->send({.status = 204, .body = {}}); });
}

void show_invite(const CallPtr& call) {
  auto token = read_body(call, [](edge::BodyReader& in) { return in.required_text("token", 64); });
  if (!token) return;
  read_documents<directory::ShownInvite>(
      call, store::DocumentScope::all(),
      [token = *token, &hasher = call->core.services.hasher,
       now = call->core.services.clock.now()](store::Documents& documents) {
        return directory::show_invite(documents, hasher, token, now);
      },
      [call](const directory::ShownInvite& shown) {
        json::Writer out;
        out.begin_object();
        write_invite(out, shown.invite, call->core.services.clock.now());
        out.key("workspace")
            .begin_object()
            .member("slug", shown.workspace.slug)
            .member("name", shown.workspace.name)
            .end_object();
        call->send_json(out.end_object().take());
      });
}

void answer_invite(const CallPtr& call) {
  auto given = read_body(call, [](edge::BodyReader& in) {
    Answer out{in.required_text("token", 64), false};
    const auto accepts = in.boolean("accept");
    if (!accepts) in.missing("accept");
    out.accepts = accepts.value_or(false);
    return out;
  });
  if (given) answer(call, *given);
}

}  // namespace handle
}  // namespace troupe::http
