// What only this store has of documents: a schema that is older, or damaged.
#include <gtest/gtest.h>

#include "adapters/postgres/connection.h"
#include "adapters/postgres/postgres_store.h"
#include "adapters/system/hasher.h"
#include "tests/conformance/document_rows.h"
#include "tests/conformance/join_alone.h"
#include "tests/support/postgres_server.h"

namespace troupe::testing {
namespace {

using store::DocumentScope;

class PostgresDocuments : public ::testing::Test {
 protected:
  PostgresDocuments() {
    options.conninfo = postgres_server().conninfo();
    options.schema = fresh_schema();
    open();
  }
  void open() {
    store.reset();
    auto opened = postgres::PostgresStore::open(options, hasher);
    TROUPE_ENSURE(opened.ok());
    store = *std::move(opened);
    join(*store);
  }
  /// As an administrator who goes around the store.
  void execute(const std::string& sql) {
    postgres::Connection db(options, postgres::Connection::Use::kMembership);
    TROUPE_ENSURE(db.open().ok());
    const Status done = db.execute(sql);
    ASSERT_TRUE(done.ok()) << done.error().message;
  }

  system::Blake2bHasher hasher;
  postgres::Options options;
  std::unique_ptr<postgres::PostgresStore> store;
  RowMaker make;
  store::Document row = document(make, store::DocumentKind::kSecret, make.id<WorkspaceId>(), "k");
  store::Change change{.put = {row}, .audit = {line(hasher, row.workspace, "put")}};
};

TEST_F(PostgresDocuments, TheFirstSchemaIsBroughtForward) {
  const store::Workspace workspace = make.workspace("acme");
  ASSERT_TRUE(store->writer().create_workspace(workspace).ok());
  store.reset();
  execute("DROP TABLE documents, audit, audit_heads, tallies;"
          "ALTER TABLE runs DROP COLUMN bucket; DROP POLICY seen ON versions;"
          "DROP FUNCTION seen_id, seen_scopes CASCADE; DELETE FROM meta WHERE "
          "key IN ('access_generation', 'schema_steps')");
  open();
  ASSERT_TRUE(store->writer().change({}, {1}, always(change)).ok());
  const auto reader = store->open_reader();
  EXPECT_EQ(*reader->documents(DocumentScope::all()).find(row.kind, row.id), row);
  EXPECT_EQ(*reader->workspaces(), std::vector{workspace});
}

TEST_F(PostgresDocuments, WhatIsDamagedIsNeverAnAnswer) {
  const store::Document other =
      document(make, store::DocumentKind::kSecret, row.workspace, "other");
  store::Change both = change;
  both.put.push_back(other);
  ASSERT_TRUE(store->writer().change({}, {1}, always(both)).ok());
  // One body is another's, which its own checksum does not show.
  const std::string id = "'" + row.id.to_string() + "'";
  execute("UPDATE documents SET body=(SELECT body FROM documents WHERE id<>" + id +
          ") WHERE id=" + id + "; UPDATE audit SET body='damaged'");
  const auto reader = store->open_reader();
  auto& documents = reader->documents(DocumentScope::all());
  EXPECT_EQ(documents.find(row.kind, row.id).error().code, Code::kCorrupt);
  EXPECT_EQ(documents.find_by_key(row.kind, row.workspace, row.project, "k").error().code,
            Code::kCorrupt);
  EXPECT_EQ(documents.list({row.kind, {}, row.project, {}}, {}).error().code, Code::kCorrupt);
  EXPECT_EQ(reader->audit({.workspace = row.workspace}).error().code, Code::kCorrupt);
  EXPECT_EQ(reader->audit_head(row.workspace).error().code, Code::kCorrupt);
  execute("UPDATE audit_heads SET body='damaged'");
  EXPECT_EQ(store->writer().change({}, {1}, always(change)).error().code, Code::kCorrupt);
  EXPECT_EQ(*documents.find(other.kind, other.id), other) << "the rest is as it was";
}

}  // namespace
}  // namespace troupe::testing
