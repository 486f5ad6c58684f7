#include "adapters/postgres/wall.h"

#include "adapters/postgres/reading.h"

namespace troupe::postgres {

namespace {

/// Rows have the number of their scope or name their workspace. Runs of groups, which no list has,
/// carry the number below zero, and 0 if they were written before there was this wall. A setting
/// stands in a select of its own and so is looked at once per statement. With abs() it is no
/// condition for an index, where each of many scopes would be looked for apart.
constexpr const char* kPolicies = R"sql(
CREATE FUNCTION seen_id(setting text) RETURNS uuid LANGUAGE sql STABLE AS
  $$ SELECT nullif(current_setting('troupe.' || setting, true), '')::uuid $$;
CREATE FUNCTION seen_scopes() RETURNS int8[] LANGUAGE sql STABLE AS
  $$ SELECT nullif(current_setting('troupe.scopes', true), '')::int8[] $$;
CREATE POLICY seen ON projects FOR SELECT USING (workspace = (SELECT seen_id('workspace')));
CREATE POLICY seen ON audit FOR SELECT USING (workspace = (SELECT seen_id('workspace')));
CREATE POLICY seen ON documents FOR SELECT
  USING (workspace = (SELECT seen_id('workspace')) OR owner = (SELECT seen_id('owner')));
CREATE POLICY seen ON scopes FOR SELECT USING (abs(n) = ANY ((SELECT seen_scopes())::int8[]));
CREATE POLICY seen ON workflows FOR SELECT
  USING (abs(scope) = ANY ((SELECT seen_scopes())::int8[]));
CREATE POLICY seen ON tasks FOR SELECT USING (abs(scope) = ANY ((SELECT seen_scopes())::int8[]));
CREATE POLICY seen ON waiters FOR SELECT USING (abs(scope) = ANY ((SELECT seen_scopes())::int8[]));
CREATE POLICY seen ON runs FOR SELECT
  USING (abs(scope) = ANY ((SELECT seen_scopes())::int8[]) OR scope = 0);
CREATE POLICY seen ON versions FOR SELECT
  USING (EXISTS (SELECT 1 FROM workflows AS w WHERE w.id = workflow));
)sql";

/// Those that `wall_policies` gives their policies.
constexpr const char* kWalled[] = {"projects", "audit",   "documents", "scopes",  "workflows",
                                   "tasks",    "waiters", "runs",      "versions"};
/// The last table that tenants' readers were let into.
constexpr const char* kNewest = "tallies";

/// Until the transaction ends. What is not set is not set at all: none leaves anything behind.
std::string setting(const std::string& name, const std::string& value) {
  return "set_config('" + name + "', " + value + ", true)";
}
std::string become_reader(std::string_view schema) {
  return setting("role", "'" + reader_role(schema) + "'");
}

Error may_not(const std::string& role, const std::string& user) {
  return {Code::kConfigInvalid,
          "What tenants read is read as the role " + role + ", which the user " + user +
              " may not make or take on. Let an administrator of the server run: CREATE ROLE " +
              role + " NOLOGIN; GRANT " + role + " TO \"" + user + "\";",
          {}};
}

/// As people find it in an answer of one row.
bool is_true(const Answer& answer, int column) { return answer.integer_at(0, column) != 0; }

}  // namespace

std::string reader_role(std::string_view schema) { return std::string(schema) + "_reader"; }

Request see_scope(std::string_view schema, std::int64_t number) {
  return {"SELECT " + become_reader(schema) + ", " +
              setting("troupe.scopes", "'{' || $1 || '}'"),
          Parameters().integer(number)};
}

namespace {

Request see_those(std::string_view schema, const store::TenantScope& scope,
                  const std::string& projects) {
  // Looked up by the owner still: the role comes last.
  return {"SELECT " +
              setting("troupe.scopes",
                      "coalesce((SELECT array_agg(n)::text FROM scopes WHERE workspace=$1 AND " +
                          projects + "), '')") +
              ", " + become_reader(schema),
          scope_parameters(scope)};
}

}  // namespace

Request see_scopes(std::string_view schema, const store::TenantScope& scope) {
  return see_those(schema, scope, "($2 IS NULL OR project=$2)");
}

Request see_shared(std::string_view schema, const store::TenantScope& scope) {
  return see_those(schema, scope, kShared);
}

Request see_workspace(std::string_view schema, WorkspaceId workspace, const Uuid& owner) {
  Request request{"SELECT " + become_reader(schema), {}};
  const auto see = [&](const std::string& name, const Uuid& id) {
    if (!id.set()) return;
    request.parameters.id(id);
    request.sql += ", " + setting("troupe." + name,
                                  "$" + std::to_string(request.parameters.count()) + "::text");
  };
  see("workspace", workspace);
  see("owner", owner);
  return request;
}

Request see_installation(std::string_view schema) {
  return {"SELECT " + become_reader(schema) + ", " +
              setting("troupe.workspace", "'" + Uuid().to_string() + "'"),
          {}};
}

std::string wall_policies() {
  std::string sql = kPolicies;
  for (const std::string table : kWalled) {
    sql += "ALTER TABLE " + table + " ENABLE ROW LEVEL SECURITY;";
  }
  return sql;
}

Status raise_wall(Connection& db, const std::string& schema) {
  const std::string role = reader_role(schema);
  constexpr int kSetIsARightOfItsOwn = 160'000;
  const std::string right = db.server_version() >= kSetIsARightOfItsOwn ? "SET" : "MEMBER";
  const auto user = db.query_text("SELECT current_user::text");
  if (!user) return user.error();
  const auto found = db.query(
      "SELECT pg_has_role(oid, '" + right + "')::int::int8, (has_schema_privilege(oid, '" + schema +
      "', 'USAGE') AND has_table_privilege(oid, '" + schema + "." + kNewest +
      "', 'SELECT'))::int::int8, (SELECT (rolcreaterole OR rolsuper)::int::int8 "
      "FROM pg_roles WHERE rolname=current_user) FROM (SELECT max(oid) AS oid FROM pg_roles "
      "WHERE rolname='" + role + "') AS reader");
  if (!found) return found.error();
  const bool is_there = !found->null_at(0, 0);
  const bool is_ours = is_there && is_true(*found, 0);
  if (!is_ours && !is_true(*found, 2)) return may_not(role, *user);
  if (!is_there) {
    if (Status made = db.execute("CREATE ROLE " + role + " NOLOGIN"); !made) return made;
  }
  if (!is_ours) {
    // The one who makes a role need not be one of its members.
    const Status granted = db.execute("GRANT " + role + " TO CURRENT_USER");
    if (!granted && db.is_open()) return may_not(role, *user);
    if (!granted) return granted;
  }
  // A copy of the schema that was restored elsewhere has none of it.
  if (is_there && is_true(*found, 1)) return ok();
  std::string sql = "GRANT USAGE ON SCHEMA " + schema + " TO " + role + ";";
  const auto let_in = [&](const std::string& table) {
    sql += "GRANT SELECT ON " + table + " TO " + role + ";";
  };
  for (const std::string table : kWalled) let_in(table);
  let_in(kNewest);
  return db.execute(sql);
}

}  // namespace troupe::postgres
