// The second wall between tenants: statements that forgot their conditions, or have wrong ones.
#include <gtest/gtest.h>

#include <set>

#include "adapters/postgres/postgres_store.h"
#include "adapters/postgres/wall.h"
#include "adapters/system/hasher.h"
#include "tests/conformance/document_rows.h"
#include "tests/conformance/join_alone.h"
#include "tests/support/postgres_server.h"

namespace troupe::testing {
namespace {

using postgres::Connection;
using postgres::Parameters;
using postgres::Request;
using store::DocumentKind;
using store::DocumentScope;
using store::TenantScope;

/// Two tenants with a row of each kind, and a third project in the first one's workspace.
class ReaderWall : public ::testing::Test {
 protected:
  ReaderWall() {
    options.conninfo = postgres_server().conninfo();
    options.schema = fresh_schema();
    auto opened = postgres::PostgresStore::open(options, hasher);
    TROUPE_ENSURE(opened.ok());
    store = *std::move(opened);
    join(*store);
    for (const TenantScope& scope : {mine, beside, theirs}) fill(scope);
    TROUPE_ENSURE(connection.open().ok());
  }
  void fill(const TenantScope& scope) {
    store::Writer& writer = store->writer();
    store::Project project = make.project(scope.workspace, "p" + std::to_string(++filled));
    project.id = *scope.project;
    TROUPE_ENSURE(writer.create_project(project).ok());
    const store::Workflow flow = *writer.create_workflow(make.workflow(scope));
    TROUPE_ENSURE(writer.publish(scope, {flow.id, 0, "{}", "s", "c", make.time()}).ok());
    store::Batch batch;
    batch.runs = {make.run(scope), make.run(scope)};
    batch.runs[1].part = true;
    parts.push_back(batch.runs[1].id);
    batch.tasks = {make.task(scope, batch.runs[0].id)};
    batch.waiters = {make.waiter(scope, "paid", "o-1")};
    TROUPE_ENSURE(writer.commit(batch).ok());
    const auto row = document(make, DocumentKind::kSecret, scope.workspace, "k");
    owners.push_back(row.owner);
    const auto change =
        always({.put = {row}, .audit = {line(hasher, scope.workspace, "made"),
                                        line(hasher, {}, "of the installation")}});
    TROUPE_ENSURE(writer.change({}, {1}, change).ok());
  }
  /// How many rows of `table` a statement without any condition sees.
  std::int64_t count(const Request& see, const std::string& table) {
    const auto seen = connection.query_as(see, "SELECT count(*) FROM " + table, {});
    EXPECT_TRUE(seen.ok()) << table << ": " << (seen.ok() ? "" : seen.error().message);
    return seen.ok() ? seen->integer_at(0, 0) : -1;
  }
  Request see(const TenantScope& scope) { return postgres::see_scopes(options.schema, scope); }
  std::int64_t number_of(const TenantScope& scope) {
    return *connection.query_integer("SELECT n FROM scopes WHERE workspace=$1 AND project=$2",
                                     Parameters().id(scope.workspace).id(*scope.project));
  }

  system::Blake2bHasher hasher;
  postgres::Options options;
  std::unique_ptr<postgres::PostgresStore> store;
  Connection connection{options, Connection::Use::kRead};
  RowMaker make;
  int filled = 0;
  const TenantScope mine = make.scope();
  const TenantScope beside{mine.workspace, make.id<ProjectId>()};
  const TenantScope theirs = make.scope();
  std::vector<RunId> parts;
  std::vector<Uuid> owners;
};

const std::pair<const char*, int> kScoped[] = {
    {"runs", 2}, {"tasks", 1}, {"waiters", 1}, {"workflows", 1}, {"versions", 1}, {"scopes", 1}};

TEST_F(ReaderWall, AStatementWithoutConditionsSeesOneScopeAlone) {
  const TenantScope whole{mine.workspace, {}};
  const TenantScope nobody = make.scope();
  for (const auto& [table, each] : kScoped) {
    EXPECT_EQ(count(see(mine), table), each) << table;
    EXPECT_EQ(count(postgres::see_scope(options.schema, number_of(mine)), table), each) << table;
    EXPECT_EQ(count(see(whole), table), 2 * each) << table;
    EXPECT_EQ(count(see(theirs), table), each) << table;
    EXPECT_EQ(count(see(nobody), table), 0) << table;
    EXPECT_EQ(count(postgres::see_workspace(options.schema, mine.workspace), table), 0) << table;
  }
}

TEST_F(ReaderWall, WhatNamesItsWorkspaceIsSeenFromThereOrByItsOwner) {
  const auto from = [&](WorkspaceId workspace, const Uuid& owner = {}) {
    return postgres::see_workspace(options.schema, workspace, owner);
  };
  for (const auto& [table, at_home] : {std::pair("documents", 2), std::pair("audit", 2),
                                       std::pair("projects", 2)}) {
    EXPECT_EQ(count(from(mine.workspace), table), at_home) << table;
    EXPECT_EQ(count(from(theirs.workspace), table), at_home - 1) << table;
    EXPECT_EQ(count(from(make.id<WorkspaceId>()), table), 0) << table;
    EXPECT_EQ(count(from({}), table), 0) << table;
    EXPECT_EQ(count(see(mine), table), 0) << table;
  }
  EXPECT_EQ(count(from({}, owners[2]), "documents"), 1);
  EXPECT_EQ(count(from(mine.workspace, owners[2]), "documents"), 3);
  EXPECT_EQ(count(from({}, owners[2]), "audit"), 0);
  EXPECT_EQ(count(postgres::see_installation(options.schema), "audit"), 3);
}

TEST_F(ReaderWall, ASightLastsForOneStatement) {
  EXPECT_EQ(count(see(mine), "runs"), 2);
  EXPECT_EQ(*connection.query_integer("SELECT count(*) FROM runs"), 6) << "the owner's again";
  for (const char* setting : {"troupe.scopes", "troupe.workspace", "troupe.owner"}) {
    EXPECT_EQ(*connection.query_text("SELECT current_setting('" + std::string(setting) +
                                     "', true)"),
              "");
  }
  EXPECT_EQ(count(postgres::see_workspace(options.schema, mine.workspace, owners[2]), "documents"),
            3);
  EXPECT_EQ(count(see(theirs), "documents"), 0) << "no workspace is left over";
  EXPECT_EQ(count(see(theirs), "runs"), 2);
  // A statement that fails takes its sight along.
  EXPECT_FALSE(connection.query_as(see(mine), "SELECT 1/count(*)*0/0 FROM runs", {}).ok());
  EXPECT_EQ(*connection.query_integer("SELECT count(*) FROM runs"), 6);
  EXPECT_EQ(*connection.query_text("SELECT current_user::text"), "troupe");
}

TEST_F(ReaderWall, ARoleThatReadsForTenantsReadsNothingElseAndWritesNothing) {
  for (const char* table : {"snapshots", "payloads", "history", "nodes", "meta", "audit_heads",
                            "workspaces", "cluster", "slots"}) {
    const auto seen = connection.query_as(see(mine), "SELECT * FROM " + std::string(table), {});
    EXPECT_FALSE(seen.ok()) << table;
  }
  Connection writer(options, Connection::Use::kWrite);
  ASSERT_TRUE(writer.open().ok());
  for (const char* sql : {"UPDATE runs SET status=1", "DELETE FROM documents",
                          "INSERT INTO audit VALUES(gen_random_uuid(), 1, gen_random_uuid(), '')",
                          "CREATE TABLE own(x int)"}) {
    EXPECT_FALSE(writer.query_as(see(mine), sql, {}).ok()) << sql;
  }
}

TEST_F(ReaderWall, APartIsFoundByItsIdFromItsOwnScopeAlone) {
  const auto reader = store->open_reader();
  EXPECT_TRUE(reader->run(mine, parts[0])->has_value());
  EXPECT_TRUE(reader->run({mine.workspace, {}}, parts[0])->has_value());
  EXPECT_FALSE(reader->run(mine, parts[2])->has_value());
  EXPECT_EQ(reader->runs(mine, {}, {})->items.size(), 1u) << "it is in no list";
  const auto open = *reader->open_runs();
  EXPECT_EQ(open[static_cast<std::size_t>(store::RunStatus::kPaused)], 3u) << "nor counted";
}

TEST_F(ReaderWall, ANewScopeIsSeenByAReaderThatHasLookedBefore) {
  const auto reader = store->open_reader();
  const TenantScope scope{mine.workspace, make.id<ProjectId>()};
  EXPECT_TRUE(reader->runs(scope, {}, {})->items.empty());
  fill(scope);
  EXPECT_EQ(reader->runs(scope, {}, {})->items.size(), 1u);
  EXPECT_EQ(reader->runs({mine.workspace, {}}, {}, {})->items.size(), 3u);
}

/// A user of the server as an installation may have one: not its administrator.
class PlainUser : public ::testing::Test {
 protected:
  PlainUser() {
    options.conninfo = postgres_server().conninfo();
    options.schema = fresh_schema();
    user = "plain_" + options.schema;
    as_administrator("CREATE ROLE " + user + " LOGIN; GRANT CREATE ON DATABASE postgres TO " +
                     user);
  }
  void as_administrator(const std::string& sql) {
    postgres::Options everywhere = options;
    everywhere.conninfo = postgres_server().conninfo();
    Connection db(everywhere, Connection::Use::kMembership);
    TROUPE_ENSURE(db.open().ok());
    const Status done = db.execute(sql);
    ASSERT_TRUE(done.ok()) << done.error().message;
  }
  Result<std::unique_ptr<postgres::PostgresStore>> open() {
    options.conninfo = postgres_server().conninfo() + " user=" + user;
    return postgres::PostgresStore::open(options, hasher);
  }
  void expect_works() {
    const auto store = open();
    ASSERT_TRUE(store.ok()) << store.error().message;
    join(**store);
    const TenantScope scope = make.scope();
    store::Batch batch;
    batch.runs = {make.run(scope)};
    ASSERT_TRUE((*store)->writer().commit(batch).ok());
    const auto reader = (*store)->open_reader();
    EXPECT_EQ(reader->runs(scope, {}, {})->items, batch.runs);
    EXPECT_TRUE(reader->runs(make.scope(), {}, {})->items.empty());
  }

  system::Blake2bHasher hasher;
  postgres::Options options;
  std::string user;
  RowMaker make;
};

TEST_F(PlainUser, WhoMayNotMakeTheRoleIsToldWhatAnAdministratorHasToDo) {
  const auto refused = open();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConfigInvalid);
  const std::string& message = refused.error().message;
  const auto from = message.find("CREATE ROLE");
  ASSERT_NE(from, std::string::npos) << message;
  as_administrator(message.substr(from));
  expect_works();
}

TEST_F(PlainUser, WhoMayMakeRolesNeedsNobody) {
  as_administrator("ALTER ROLE " + user + " CREATEROLE");
  expect_works();
  expect_works();  // the role is there already
}

TEST_F(PlainUser, RightsThatACopyHasLostAreGivenAgain) {
  as_administrator("ALTER ROLE " + user + " CREATEROLE");
  expect_works();
  const std::string role = postgres::reader_role(options.schema);
  as_administrator("DROP OWNED BY " + role + "; DROP ROLE " + role);
  expect_works();
}

}  // namespace
}  // namespace troupe::testing
