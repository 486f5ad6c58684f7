// What only this store has of documents: a file that is older, or damaged.
#include "tests/adapters/sqlite/sqlite_fixture.h"
#include "tests/conformance/document_rows.h"

namespace troupe::testing {
namespace {

using store::DocumentScope;

class SqliteDocuments : public SqliteTest {
 protected:
  /// As an administrator who goes around the store, which nobody has open.
  void execute(const std::string& sql) {
    auto db = sqlite::Database::open(options.path, sqlite::Database::Mode::kWrite, "");
    ASSERT_TRUE(db.ok());
    const Status done = (*db)->execute(sql);
    ASSERT_TRUE(done.ok()) << done.error().message;
  }

  static std::string hexadecimal(const Uuid& id) {
    std::string text = id.to_string();
    std::erase(text, '-');
    return text;
  }

  sqlite::Options options = options_at(directory.path());
  RowMaker make;
  store::Document row = document(make, store::DocumentKind::kSecret, make.id<WorkspaceId>(), "k");
  store::Change change{.put = {row}, .audit = {line(hasher, row.workspace, "put")}};
};

TEST_F(SqliteDocuments, AFileOfTheFirstSchemaIsBroughtForward) {
  const store::Workspace workspace = make.workspace("acme");
  ASSERT_TRUE(open(options)->writer().create_workspace(workspace).ok());
  execute("DROP TABLE documents; DROP TABLE audit; DROP TABLE tallies; "
          "DROP INDEX runs_by_bucket; ALTER TABLE runs DROP COLUMN bucket; "
          "UPDATE meta SET value=1 WHERE key='schema_version'");
  const auto store = open(options);
  ASSERT_TRUE(store->writer().change({}, {1}, always(change)).ok());
  const auto reader = store->open_reader();
  EXPECT_EQ(*reader->documents(DocumentScope::all()).find(row.kind, row.id), row);
  EXPECT_EQ(*reader->workspaces(), std::vector{workspace});
}

TEST_F(SqliteDocuments, WhatIsDamagedIsNeverAnAnswer) {
  const store::Document other =
      document(make, store::DocumentKind::kSecret, row.workspace, "other");
  store::Change both = change;
  both.put.push_back(other);
  ASSERT_TRUE(open(options)->writer().change({}, {1}, always(both)).ok());
  // One body is another's, which its own checksum does not show.
  const std::string id = "x'" + hexadecimal(row.id) + "'";
  execute("UPDATE documents SET body=(SELECT body FROM documents WHERE id<>" + id +
          ") WHERE id=" + id + "; UPDATE audit SET body=zeroblob(60)");
  const auto store = open(options);
  const auto reader = store->open_reader();
  auto& documents = reader->documents(DocumentScope::all());
  EXPECT_EQ(documents.find(row.kind, row.id).error().code, Code::kCorrupt);
  EXPECT_EQ(documents.find_by_key(row.kind, row.workspace, row.project, "k").error().code,
            Code::kCorrupt);
  EXPECT_EQ(documents.list({row.kind, {}, row.project, {}}, {}).error().code, Code::kCorrupt);
  EXPECT_EQ(reader->audit({.workspace = row.workspace}).error().code, Code::kCorrupt);
  EXPECT_EQ(reader->audit_head(row.workspace).error().code, Code::kCorrupt);
  EXPECT_EQ(store->writer().change({}, {1}, always(change)).error().code, Code::kCorrupt);
  EXPECT_EQ(*documents.find(other.kind, other.id), other) << "the rest is as it was";
}

}  // namespace
}  // namespace troupe::testing
