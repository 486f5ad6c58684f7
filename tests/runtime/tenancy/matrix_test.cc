// Every permission for every caller in every place, against a second statement of the rules: the
// table below and `expected` are written from the contract, not from the code. A permission that is
// new has to be entered here by whoever adds it.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "tests/runtime/tenancy/places.h"

namespace troupe::tenancy {
namespace {

/// Who may, and which scope a token needs: "" any will do, "-" none has it.
struct Line {
  std::string who;
  std::string scope;
};

// "member*": every member, for lists that are filtered by project. "project …": has to name one.
// "caller" is the operator too, "user" is not.
const std::map<std::string, Line> kContract = {
    {"health.read", {"anyone", ""}},
    {"api.read", {"anyone", ""}},
    {"account.sign_up", {"anyone", ""}},
    {"account.sign_in", {"anyone", ""}},
    {"invite.show", {"anyone", ""}},
    {"metrics.read", {"operator", "-"}},
    {"node.read", {"operator", "-"}},
    {"node.drain", {"operator", "-"}},
    {"workspace.create", {"operator", "-"}},
    {"master_key.rotate", {"operator", "-"}},
    {"user.disable", {"operator", "-"}},
    {"self.read", {"caller", ""}},
    {"self.change", {"user", "-"}},
    {"session.read", {"caller", "-"}},
    {"session.revoke", {"user", "-"}},
    {"token.read", {"caller", "tokens:manage"}},
    {"token.create", {"caller", "tokens:manage"}},
    {"token.revoke", {"caller", "tokens:manage"}},
    {"invite.answer", {"user", "-"}},
    {"mcp.use", {"caller", "mcp:execute"}},
    {"workspace.read", {"member", "workspace:read"}},
    {"workspace.change", {"tenant_admin", "workspace:admin"}},
    {"workspace.leave", {"member", "-"}},
    {"member.read", {"member", "workspace:read"}},
    {"member.change", {"tenant_admin", "workspace:admin"}},
    {"invite.read", {"tenant_admin", "workspace:admin"}},
    {"invite.create", {"tenant_admin", "workspace:admin"}},
    {"invite.cancel", {"tenant_admin", "workspace:admin"}},
    {"environment.read", {"member", "workspace:read"}},
    {"environment.change", {"tenant_admin", "workspace:admin"}},
    {"secret.list", {"tenant_admin", "secrets:list"}},
    {"secret.change", {"tenant_admin", "secrets:manage"}},
    {"secret.reveal", {"tenant_admin", "secrets:reveal"}},
    {"data_key.rotate", {"tenant_admin", "secrets:manage"}},
    {"member_token.read", {"tenant_admin", "tokens:manage"}},
    {"member_token.revoke", {"tenant_admin", "tokens:manage"}},
    {"provider_key.read", {"member", "workspace:read"}},
    {"provider_key.change", {"tenant_admin", "secrets:manage"}},
    {"billing.read", {"member*", "workspace:read"}},
    {"billing.change", {"tenant_admin", "workspace:admin"}},
    {"audit.read", {"member*", "audit:read"}},
    {"audit.export", {"member*", "audit:read"}},
    {"task.list", {"member*", "workflow:read"}},
    {"project.list", {"member*", "workspace:read"}},
    {"project.create", {"tenant_admin", "workspace:admin"}},
    {"project.read", {"project viewer", "workspace:read"}},
    {"project.change", {"project admin", "workspace:admin"}},
    {"project.archive", {"project admin", "workspace:admin"}},
    {"project.leave", {"project viewer", "-"}},
    {"project_member.read", {"project viewer", "workspace:read"}},
    {"project_member.change", {"project admin", "workspace:admin"}},
    {"project_secret.list", {"project contributor", "secrets:list"}},
    {"project_secret.change", {"project admin", "secrets:manage"}},
    {"project_secret.reveal", {"project admin", "secrets:reveal"}},
    {"workflow.read", {"viewer", "workflow:read"}},
    {"workflow.validate", {"viewer", "workflow:read"}},
    {"workflow.create", {"contributor", "workflow:write"}},
    {"workflow.change", {"contributor", "workflow:write"}},
    {"workflow.archive", {"contributor", "workflow:write"}},
    {"workflow.publish", {"contributor", "workflow:write"}},
    {"run.read", {"viewer", "workflow:read"}},
    {"run.start", {"contributor", "workflow:run"}},
    {"run.control", {"contributor", "workflow:run"}},
    {"run.retry", {"contributor", "workflow:run"}},
    {"run.bulk", {"contributor", "workflow:run"}},
    {"task.answer", {"contributor", "workflow:run"}},
    {"event.send", {"contributor", "workflow:run"}},
    {"connection.read", {"contributor", "workspace:read"}},
    {"connection.change", {"contributor", "secrets:manage"}},
    {"analytics.read", {"viewer", "workflow:read"}},
};

/// How far a role reaches in a project: 0 hidden, 1 reads, 2 works, 3 administers. By workspace
/// role and visibility; the columns are the explicit role: none, viewer, contributor, admin.
const std::map<std::string, std::string> kRanks = {
    {"member public", "2123"},        {"member private", "0123"}, {"tenant_admin public", "3123"},
    {"tenant_admin private", "3123"}, {"owner public", "3123"},   {"owner private", "3123"},
};

struct Case {
  std::string caller;          ///< nobody, operator, session, or a kind of token
  std::string workspace_role;  ///< stranger, member, tenant_admin, owner
  std::string state = "active";
  std::string place;      ///< of the workspace: here, absent, unnamed
  std::string project;    ///< unnamed, absent, foreign, public, private
  int explicit_role = 0;  ///< column of kRanks

  bool is_token() const { return caller.starts_with("token"); }
  std::string label() const {
    return caller + ", " + state + " " + workspace_role + ", workspace " + place + ", project " +
           project + ", explicit " + std::to_string(explicit_role);
  }
};

/// The credential's and the binding's part of the rules; empty: they do not stand in the way.
std::string expected_of_credential(const Line& line, bool audited, const Case& c) {
  if (c.caller == "nobody" || c.caller == "token, expired") return "unauthorized";
  if (line.who == "operator" && c.caller != "operator") return "forbidden";
  if (line.who == "user" && c.caller == "operator") return "forbidden";
  const bool is_of_tokens = line.scope == "tokens:manage";  // of which the operator has his own
  EXPECT_TRUE(line.who != "caller" || !audited || is_of_tokens)
      << "the operator would change what is nobody's";
  if (!c.is_token()) return "";
  if (line.scope == "-") return "forbidden";
  if (c.caller == "token, other scopes" && !line.scope.empty()) return "forbidden";
  // The token for another workspace is refused wherever one is named, there or not.
  if (c.caller == "token, bound elsewhere" && c.place != "unnamed") return "forbidden";
  if (c.caller == "token, bound here" && c.place == "absent") return "forbidden";
  if (c.caller == "token, bound to the project" || c.caller == "token, bound to another project") {
    if (c.place == "absent") return "forbidden";
    const bool is_its = c.caller == "token, bound to the project" &&
                        (c.project == "public" || c.project == "private" || c.project == "foreign");
    if (c.project != "unnamed" && !is_its) return "forbidden";
  }
  return "";
}

std::string expected_in_project(const Line& line, const Case& c) {
  const bool is_bound_to_project = c.caller.find("project") != std::string::npos;
  const bool names_project = line.who.starts_with("project ");
  const std::string least = names_project ? line.who.substr(8) : line.who;
  const int needed = least == "viewer" ? 1 : least == "contributor" ? 2 : 3;
  int rank = 0;
  if (c.project == "unnamed") {
    if (is_bound_to_project) return "forbidden";
    if (names_project) return "invalid_request";
    // The workspace-global scope: every member reads, only a tenant_admin writes.
    rank = c.workspace_role == "member" && c.caller != "operator" ? 1 : 3;
  } else if (c.project == "absent" || c.project == "foreign") {
    return "not_found";
  } else {
    rank = kRanks.at(c.workspace_role + " " + c.project)[c.explicit_role] - '0';
    if (c.caller == "operator") rank = 3;
  }
  if (rank == 0) return "not_found";
  return rank >= needed ? "ok" : "forbidden";
}

std::string expected(const Line& line, bool audited, Case c) {
  if (line.who == "anyone") return "ok";
  if (const std::string no = expected_of_credential(line, audited, c); !no.empty()) return no;
  if (line.who == "operator" || line.who == "user" || line.who == "caller") return "ok";
  if (c.place == "unnamed") return "invalid_request";
  if (c.place == "absent") return "not_found";
  if (c.caller == "operator") {
    c.workspace_role = "owner";
  } else if (c.workspace_role == "stranger" || c.state != "active") {
    return "not_found";
  }
  if (line.who == "member*") return "ok";
  if (line.who == "member" || line.who == "tenant_admin") {
    if (line.who == "tenant_admin" && c.workspace_role == "member") return "forbidden";
    return c.caller.find("project") == std::string::npos ? "ok" : "forbidden";
  }
  return expected_in_project(line, c);
}

Principal principal_of(const std::string& caller, const std::string& scope) {
  if (caller == "nobody") return Nobody{};
  if (caller == "operator") return Operator{};
  if (caller == "session") return session();
  TokenLimits limits;
  if (const auto needed = parse_scope(scope)) limits.scopes.add(*needed);
  if (caller == "token, other scopes") {
    limits.scopes = {};
    for (const std::string_view other : kScopeNames) {
      if (other != scope) limits.scopes.add(*parse_scope(other));
    }
  }
  if (caller == "token, expired") limits.expires = kNow;
  if (caller == "token, bound here") limits.binding = Binding{kHere, std::nullopt};
  if (caller == "token, bound elsewhere") limits.binding = Binding{kElsewhere, std::nullopt};
  if (caller == "token, bound to the project") limits.binding = Binding{kHere, kProject};
  if (caller == "token, bound to another project") limits.binding = Binding{kHere, kOtherProject};
  return token(limits);
}

Standing standing_of(const Case& c) {
  Standing standing;
  const std::map<std::string, MemberState> states = {{"active", MemberState::kActive},
                                                     {"deactivated", MemberState::kDeactivated},
                                                     {"removed", MemberState::kRemoved}};
  const std::map<std::string, WorkspaceRole> roles = {{"member", WorkspaceRole::kMember},
                                                      {"tenant_admin", WorkspaceRole::kAdmin},
                                                      {"owner", WorkspaceRole::kOwner}};
  if (c.place == "absent") standing.workspace = Absent{};
  if (c.place == "here") {
    WorkspaceStanding here{kHere, std::nullopt};
    const auto role = roles.find(c.workspace_role);
    if (role != roles.end()) here.membership = Membership{role->second, states.at(c.state)};
    standing.workspace = here;
  }
  std::optional<ProjectRole> given;
  if (c.explicit_role > 0) given = static_cast<ProjectRole>(c.explicit_role - 1);
  if (c.project == "absent") standing.project = Absent{};
  if (c.project == "public") standing.project = project_as(false, given);
  if (c.project == "private") standing.project = project_as(true, given);
  if (c.project == "foreign") {
    standing.project = ProjectStanding{kProject, kElsewhere, false, given};
  }
  return standing;
}

std::string found(const Result<Grant>& grant) {
  return grant.ok() ? "ok" : std::string(info(grant.error().code).name);
}

template <class Visit>
void for_each_case(const Visit& visit) {
  for (const char* caller :
       {"nobody", "operator", "session", "token, its scope alone", "token, other scopes",
        "token, expired", "token, bound here", "token, bound elsewhere",
        "token, bound to the project", "token, bound to another project"}) {
    for (const char* role : {"stranger", "member", "tenant_admin", "owner"}) {
      for (const char* state : {"active", "deactivated", "removed"}) {
        for (const char* place : {"here", "absent", "unnamed"}) {
          for (const char* project : {"unnamed", "absent", "foreign", "public", "private"}) {
            for (int column = 0; column < 4; ++column) {
              visit(Case{caller, role, state, place, project, column});
            }
          }
        }
      }
    }
  }
}

TEST(Matrix, EveryPermissionIsInTheContractAndNoOther) {
  std::set<std::string> names;
  for (const Rule& rule : table::kRules) names.insert(std::string(rule.name));
  for (const auto& [name, line] : kContract) EXPECT_EQ(names.erase(name), 1u) << name;
  EXPECT_TRUE(names.empty()) << *names.begin() << " is not in this test's contract";
}

TEST(Matrix, EachCallerMayInEachPlaceWhatTheContractSays) {
  std::size_t cases = 0;
  std::map<std::string, std::size_t> outcomes;
  for (const Rule& rule : table::kRules) {
    const Line& line = kContract.at(std::string(rule.name));
    for_each_case([&](const Case& c) {
      const auto grant =
          authorise(principal_of(c.caller, line.scope), standing_of(c), rule.permission, kNow);
      const std::string want = expected(line, rule.audited(), c);
      ASSERT_EQ(found(grant), want) << rule.name << ": " << c.label();
      ++outcomes[want];
      ++cases;
    });
    ASSERT_FALSE(::testing::Test::HasFatalFailure()) << rule.name;
  }
  EXPECT_EQ(cases, kPermissionCount * 10 * 4 * 3 * 3 * 5 * 4);
  // Each answer has been seen, so none of them is expected by mistake everywhere.
  for (const char* outcome : {"ok", "unauthorized", "forbidden", "not_found", "invalid_request"}) {
    EXPECT_GT(outcomes[outcome], 1'000u) << outcome;
  }
}

TEST(Matrix, ForeignAndAbsentPlacesAreRefusedInTheSameWords) {
  const auto words = [](const Result<Grant>& grant) {
    return found(grant) + ": " + (grant.ok() ? "" : grant.error().message);
  };
  for (const Rule& rule : table::kRules) {
    const Line& line = kContract.at(std::string(rule.name));
    if (line.who == "anyone") continue;
    for_each_case([&](const Case& c) {
      const Principal principal = principal_of(c.caller, line.scope);
      const auto ask = [&](const Case& other) {
        return words(authorise(principal, standing_of(other), rule.permission, kNow));
      };
      if (c.caller == "operator") return;
      Case absent = c;
      if (c.place == "here" && (c.workspace_role == "stranger" || c.state != "active")) {
        // A bound token says by itself that its own workspace is there.
        if (c.caller.find("bound here") != std::string::npos) return;
        if (c.caller.find("project") != std::string::npos) return;
        absent.place = "absent";
      } else if (c.project == "private" && c.workspace_role == "member" && c.explicit_role == 0) {
        if (c.caller.find("to the project") != std::string::npos) return;
        absent.project = "absent";
      } else {
        return;
      }
      ASSERT_EQ(ask(c), ask(absent)) << rule.name << ": " << c.label();
    });
  }
}

}  // namespace
}  // namespace troupe::tenancy
