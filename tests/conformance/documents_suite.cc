// Documents, the changes that write them, and the audit logs that say so.
#include "tests/conformance/document_rows.h"
#include "tests/conformance/store_suite.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace troupe::testing {
namespace {

using store::AuditQuery;
using store::AuditRow;
using store::Change;
using store::Document;
using store::DocumentFilter;
using store::DocumentKind;
using store::Documents;
using store::DocumentScope;

class DocumentConformance : public StoreConformance {
 protected:
  Status change(Change change, TimePoint now = {1}) {
    return writer().change({}, now, always(std::move(change)));
  }
  void put(std::vector<Document> rows) {
    Change all;
    all.put = std::move(rows);
    const Status done = change(std::move(all));
    ASSERT_TRUE(done.ok()) << done.error().message;
  }
  Documents& everything() { return reader->documents(DocumentScope::all()); }
  std::optional<Document> found(const Document& row) {
    const auto read = everything().find(row.kind, row.id);
    EXPECT_TRUE(read.ok());
    return read.ok() ? *read : std::nullopt;
  }
  std::vector<Uuid> listed(const DocumentScope& scope, const DocumentFilter& filter,
                           std::size_t limit = 2) {
    std::vector<Uuid> ids;
    for (const Document& row : all_pages<Document>(limit, [&](const Page& page) {
           return reader->documents(scope).list(filter, page);
         })) {
      ids.push_back(row.id);
    }
    return ids;
  }
  std::uint64_t generation() { return *reader->access_generation(); }
  std::vector<std::string> log(const AuditQuery& query) {
    std::vector<std::string> texts;
    const auto rows = reader->audit(query);
    EXPECT_TRUE(rows.ok());
    if (!rows.ok()) return texts;
    for (const AuditRow& row : *rows) texts.push_back(row.entry.json);
    return texts;
  }
  std::vector<std::string> log_of(WorkspaceId workspace) { return log({.workspace = workspace}); }
  store::AuditLine says(WorkspaceId workspace, std::string text) {
    return line(harness->hasher(), workspace, std::move(text));
  }

  const WorkspaceId mine = make.id<WorkspaceId>();
  const WorkspaceId other = make.id<WorkspaceId>();
};

TEST_F(DocumentConformance, KeepsEveryFieldAndCountsItsChanges) {
  Document row = document(make, DocumentKind::kSecret, mine, "KEY");
  row.expires = make.time();
  Document bare;
  bare.kind = DocumentKind::kUser;
  bare.id = make.id<RunId>();
  put({row, bare});
  bare.etag = 1;
  EXPECT_EQ(found(row), row);
  EXPECT_EQ(found(bare), bare);
  row.body = R"({"changed":true})";
  row.owner = make.id<RunId>();
  row.key = std::string("\0other", 6) + std::string(5000, 'k');
  row.updated = make.time();
  put({row});
  row.etag = 2;
  reopen();
  EXPECT_EQ(found(row), row);
  EXPECT_EQ(*everything().find_by_key(row.kind, mine, row.project, row.key), row);
  EXPECT_FALSE(*everything().find_by_key(row.kind, mine, row.project, "KEY"));
  EXPECT_FALSE(*everything().find_by_key(row.kind, mine, {}, row.key));
  EXPECT_FALSE(*everything().find_by_key(row.kind, other, row.project, row.key));
  EXPECT_FALSE(*everything().find_by_key(DocumentKind::kEnvironment, mine, row.project, row.key));
  EXPECT_FALSE(*everything().find_by_key(bare.kind, {}, {}, "")) << "it has no key";
  EXPECT_FALSE(*everything().find(DocumentKind::kUser, row.id)) << "of another kind";
}

TEST_F(DocumentConformance, ListsTheNewestFirstByWhoseTheyAre) {
  std::vector<Document> rows;
  for (int i = 0; i < 7; ++i) rows.push_back(document(make, DocumentKind::kMember, mine));
  for (Document& row : rows) row.created = rows[0].created;  // only ids tell them apart
  rows[6].created = make.time();
  rows[5].project = ProjectId();
  rows[4].owner = rows[3].owner;
  rows[3].workspace = other;
  rows[2].workspace = WorkspaceId();
  rows.push_back(document(make, DocumentKind::kInvite, mine));
  put(rows);
  const auto ids = [&](std::vector<std::size_t> which) {
    std::vector<const Document*> order;
    for (const std::size_t n : which) order.push_back(&rows[n]);
    std::sort(order.begin(), order.end(), [](const Document* a, const Document* b) {
      return std::tie(a->created, a->id) > std::tie(b->created, b->id);
    });
    std::vector<Uuid> sorted;
    for (const Document* row : order) sorted.push_back(row->id);
    return sorted;
  };
  const auto all = DocumentScope::all();
  const DocumentKind kind = DocumentKind::kMember;
  EXPECT_EQ(listed(all, {kind, mine, {}, {}}), ids({0, 1, 4, 5, 6}));
  EXPECT_EQ(listed(all, {kind, mine, {}, {}}, 100), ids({0, 1, 4, 5, 6}));
  EXPECT_EQ(listed(all, {kind, mine, ProjectId(), {}}), ids({5}));
  EXPECT_EQ(listed(all, {kind, mine, rows[1].project, {}}), ids({1}));
  EXPECT_EQ(listed(all, {kind, {}, {}, rows[3].owner}), ids({3, 4}));
  EXPECT_EQ(listed(all, {kind, other, {}, rows[3].owner}), ids({3}));
  EXPECT_EQ(listed(all, {kind, WorkspaceId(), {}, {}}), ids({2}));
  EXPECT_EQ(everything().all({kind, mine, {}, {}})->size(), 5u);
  const auto bad = everything().list({kind, mine, {}, {}}, {2, "no cursor"});
  EXPECT_EQ(bad.error().code, Code::kInvalidRequest);
}

TEST_F(DocumentConformance, AScopeSeesItsWorkspaceAndItsOwnAndNothingElse) {
  const Document in_mine = document(make, DocumentKind::kSecret, mine, "a");
  const Document in_other = document(make, DocumentKind::kSecret, other, "a");
  put({in_mine, in_other});
  struct Case {
    DocumentScope scope;
    bool sees_mine, sees_other;
  };
  const Case cases[] = {{DocumentScope::all(), true, true},
                        {DocumentScope::of(mine), true, false},
                        {DocumentScope::owned_by(in_other.owner), false, true},
                        {{mine, in_other.owner, false}, true, true},
                        {DocumentScope::of(make.id<WorkspaceId>()), false, false},
                        {{}, false, false}};
  for (const Case& each : cases) {
    Documents& seen = reader->documents(each.scope);
    for (const auto& [row, sees] : {std::pair(&in_mine, each.sees_mine),
                                    std::pair(&in_other, each.sees_other)}) {
      EXPECT_EQ(seen.find(row->kind, row->id)->has_value(), sees);
      EXPECT_EQ(seen.find_by_key(row->kind, row->workspace, row->project, row->key)->has_value(),
                sees);
      const auto list = seen.list({row->kind, row->workspace, {}, {}}, {});
      EXPECT_EQ(list->items.size(), sees ? 1u : 0u);
      const auto owned = seen.list({row->kind, {}, {}, row->owner}, {});
      EXPECT_EQ(owned->items.size(), sees ? 1u : 0u);
    }
  }
}

TEST_F(DocumentConformance, AKeyIsTakenOnceAndAConflictLeavesNothing) {
  const Document first = document(make, DocumentKind::kEnvironment, mine, "prod");
  put({first});
  const std::uint64_t before = generation();
  Document second = document(make, DocumentKind::kEnvironment, mine, "prod");
  second.project = first.project;
  Change clash;
  clash.put = {document(make, DocumentKind::kMember, mine), second};
  clash.workspaces = {make.workspace("acme")};
  clash.audit = {says(mine, "never")};
  EXPECT_EQ(change(clash).error().code, Code::kConflict);
  EXPECT_FALSE(found(clash.put[0]));
  EXPECT_TRUE(reader->workspaces()->empty());
  EXPECT_TRUE(log_of(mine).empty());
  EXPECT_EQ(reader->audit_head(mine)->n, 0u);
  EXPECT_EQ(generation(), before);
  Document elsewhere = second;
  elsewhere.project = make.id<ProjectId>();
  put({elsewhere});
  Change twins;
  twins.put = {document(make, DocumentKind::kInvite, mine, "x"),
               document(make, DocumentKind::kInvite, mine, "x")};
  twins.put[1].project = twins.put[0].project;
  EXPECT_EQ(change(twins).error().code, Code::kConflict);
  EXPECT_FALSE(found(twins.put[0]));
}

TEST_F(DocumentConformance, KeysChangeHandsWithinAChange) {
  Document first = document(make, DocumentKind::kEnvironment, mine, "blue");
  Document second = document(make, DocumentKind::kEnvironment, mine, "green");
  second.project = first.project;
  put({first, second});
  std::swap(first.key, second.key);
  put({first, second});
  EXPECT_EQ((*everything().find_by_key(first.kind, mine, first.project, "green"))->id, first.id);
  EXPECT_EQ((*everything().find_by_key(first.kind, mine, first.project, "blue"))->id, second.id);
  Document heir = document(make, DocumentKind::kEnvironment, mine, "green");
  heir.project = first.project;
  Change handed;
  handed.removed = {{first.kind, first.id}};
  handed.put = {heir};
  ASSERT_TRUE(change(handed).ok());
  EXPECT_FALSE(found(first));
  EXPECT_EQ(found(heir), heir);
}

TEST_F(DocumentConformance, WhatIsRemovedIsGoneAndBeginsAnew) {
  Document row = document(make, DocumentKind::kInvite, mine, "a");
  Document same_id = document(make, DocumentKind::kMember, mine);
  same_id.id = row.id;
  put({row, same_id});
  put({row});
  Change removal;
  removal.removed = {{row.kind, row.id}, {DocumentKind::kJob, make.id<RunId>()}};
  ASSERT_TRUE(change(removal).ok());
  ASSERT_TRUE(change(removal).ok()) << "what is not there is all right";
  EXPECT_FALSE(found(row));
  EXPECT_EQ(found(same_id), same_id);
  put({row});
  EXPECT_EQ(found(row)->etag, 1u);
}

TEST_F(DocumentConformance, ExpiredDocumentsGoWithLaterChanges) {
  std::vector<Document> rows;
  for (int i = 0; i < 50; ++i) {
    rows.push_back(document(make, DocumentKind::kIdempotencyKey, mine));
    rows.back().expires = {100 + i};
  }
  rows.push_back(document(make, DocumentKind::kIdempotencyKey, mine));
  put(rows);
  EXPECT_EQ(everything().all({rows[0].kind, mine, {}, {}})->size(), 51u);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(change({}, {148}).ok());
  std::vector<Document> left = *everything().all({rows[0].kind, mine, {}, {}});
  EXPECT_EQ(left, (std::vector<Document>{rows[50], rows[49]}));
}

TEST_F(DocumentConformance, TheGenerationGrowsWithWhatSomebodyMayDo) {
  std::uint64_t last = generation();
  const auto grows = [&](Change by) {
    EXPECT_TRUE(change(std::move(by)).ok());
    const std::uint64_t now = generation();
    const bool has_grown = now > last;
    last = now;
    return has_grown;
  };
  const auto of = [&](DocumentKind kind) {
    Change by;
    by.put = {document(make, kind, mine)};
    return by;
  };
  for (int n = 1; n <= 13; ++n) {
    const auto kind = static_cast<DocumentKind>(n);
    EXPECT_EQ(grows(of(kind)), concerns_access(kind)) << n;
    Change removal;
    removal.removed = {{kind, make.id<RunId>()}};
    EXPECT_EQ(grows(removal), concerns_access(kind)) << n;
  }
  const Workspace workspace = make.workspace("acme");
  EXPECT_TRUE(grows({.workspaces = {workspace}}));
  EXPECT_TRUE(grows({.projects = {make.project(workspace.id, "web")}}));
  EXPECT_FALSE(grows({.audit = {says(mine, "said")}}));
  EXPECT_FALSE(grows({}));
  reopen();
  EXPECT_EQ(generation(), last);
}

TEST_F(DocumentConformance, AChangeSeesWhatIsThereAndItsErrorWritesNothing) {
  const Workspace workspace = make.workspace("acme");
  const Project project = make.project(workspace.id, "web");
  const Document row = document(make, DocumentKind::kMember, workspace.id, "ann");
  ASSERT_TRUE(change({.workspaces = {workspace}, .projects = {project}, .put = {row}}).ok());
  int looks = 0;
  const Status refused = writer().change({workspace.id, row.id}, {1}, [&](Documents& at) {
    EXPECT_EQ(*at.find(row.kind, row.id), row);
    EXPECT_EQ(*at.find_by_key(row.kind, workspace.id, row.project, "ann"), row);
    EXPECT_EQ(at.list({row.kind, workspace.id, {}, {}}, {})->items, std::vector{row});
    EXPECT_EQ(*at.workspace(workspace.id), workspace);
    EXPECT_EQ(*at.workspace_of_slug("acme"), workspace);
    EXPECT_FALSE(*at.workspace_of_slug("other"));
    EXPECT_EQ(*at.projects_of(workspace.id), std::vector{project});
    ++looks;
    return Result<Change>(Error{Code::kPreconditionFailed, "Full.", {}});
  });
  EXPECT_EQ(refused.error().code, Code::kPreconditionFailed);
  EXPECT_GE(looks, 1);
  EXPECT_EQ(found(row)->etag, 1u);
  EXPECT_TRUE(change({.put = {row}}).ok()) << "the writer goes on";
}

TEST_F(DocumentConformance, WorkspacesAndProjectsAreMadeAndReplaced) {
  Workspace workspace = make.workspace("acme");
  Project project = make.project(workspace.id, "web");
  ASSERT_TRUE(change({.workspaces = {workspace}, .projects = {project}}).ok());
  workspace.name = "Renamed";
  project.archived = make.time();
  ASSERT_TRUE(change({.workspaces = {workspace}, .projects = {project}}).ok());
  EXPECT_EQ(change({.workspaces = {make.workspace("acme")}}).error().code, Code::kConflict);
  const Document row = document(make, DocumentKind::kMember, mine);
  EXPECT_EQ(change({.projects = {make.project(workspace.id, "web")}, .put = {row}}).error().code,
            Code::kConflict);
  EXPECT_FALSE(found(row));
  ASSERT_TRUE(change({.projects = {make.project(other, "web")}}).ok());
  reopen();
  EXPECT_EQ(*reader->workspaces(), std::vector{workspace});
  EXPECT_EQ(*reader->projects(workspace.id), std::vector{project});
  EXPECT_EQ(*everything().workspace(workspace.id), workspace);
  EXPECT_EQ(*everything().projects_of(workspace.id), std::vector{project});
}

TEST_F(DocumentConformance, AuditLogsNumberAndBindTheirEntries) {
  const ProjectId project = make.id<ProjectId>();
  ASSERT_TRUE(change({.audit = {says(mine, "a1"), says(other, "b1"),
                                line(harness->hasher(), mine, "a2", project)}}).ok());
  ASSERT_TRUE(change({.audit = {says(mine, "a3"), says({}, "installation")}}).ok());
  reopen();
  ASSERT_TRUE(change({.audit = {says(mine, "a4"), says(mine, "a5")}}).ok());
  EXPECT_EQ(log_of(mine), (std::vector<std::string>{"a1", "a2", "a3", "a4", "a5"}));
  EXPECT_EQ(log_of(other), std::vector<std::string>{"b1"});
  EXPECT_EQ(log_of({}), std::vector<std::string>{"installation"});
  store::AuditHead last;
  const auto rows = reader->audit({.workspace = mine});
  for (const AuditRow& row : *rows) {
    EXPECT_EQ(row.workspace, mine);
    EXPECT_EQ(row.project, row.entry.json == "a2" ? project : ProjectId());
    EXPECT_EQ(row.entry.head.n, last.n + 1);
    EXPECT_EQ(row.entry.head.hash, chained(harness->hasher(), last.hash, row.entry.json));
    last = row.entry.head;
  }
  EXPECT_EQ(*reader->audit_head(mine), last);
  EXPECT_EQ(reader->audit_head(make.id<WorkspaceId>())->n, 0u);
  using Texts = std::vector<std::string>;
  EXPECT_EQ(log({mine, 1, 4, false, 200}), (Texts{"a2", "a3"}));
  EXPECT_EQ(log({mine, 1, 4, true, 200}), (Texts{"a3", "a2"}));
  EXPECT_EQ(log({mine, 2, 0, false, 2}), (Texts{"a3", "a4"}));
  EXPECT_EQ(log({mine, 0, 0, true, 2}), (Texts{"a5", "a4"}));
  EXPECT_EQ(log({mine, 5, 0, false, 2}), Texts{});
}

TEST_F(DocumentConformance, AWorkflowAndItsLinesAreWrittenTogether) {
  const TenantScope scope{mine, make.id<ProjectId>()};
  Workflow flow = make.workflow(scope);
  ASSERT_TRUE(writer().create_workflow(flow, store::AuditLines{says(mine, "created")}).ok());
  EXPECT_FALSE(writer().create_workflow(flow, store::AuditLines{says(mine, "again")}).ok());
  ASSERT_TRUE(writer().update_workflow(flow, 1, store::AuditLines{says(mine, "updated")}).ok());
  EXPECT_FALSE(writer().update_workflow(flow, 1, store::AuditLines{says(mine, "too late")}).ok());
  const Version version{flow.id, 0, "{}", "s", "c", make.time()};
  ASSERT_TRUE(writer().publish(scope, version, store::AuditLines{says(mine, "published")}).ok());
  EXPECT_FALSE(
      writer().publish(make.scope(), version, store::AuditLines{says(mine, "foreign")}).ok());
  reopen();
  EXPECT_EQ(log_of(mine), (std::vector<std::string>{"created", "updated", "published"}));
}

TEST_F(DocumentConformance, AReceiptIsWrittenWithWhatItIsFor) {
  const TenantScope scope{mine, make.id<ProjectId>()};
  store::Along along{{says(mine, "made")}};
  const Document receipt = document(make, DocumentKind::kIdempotencyKey, mine);
  along.once = [&](std::int32_t version) {
    Document row = receipt;
    row.body = std::to_string(version);
    return row;
  };
  const Workflow flow = *writer().create_workflow(make.workflow(scope), along);
  const auto stored = [&] {
    open_reader();
    return **reader->documents(DocumentScope::of(mine)).find(receipt.kind, receipt.id);
  };
  EXPECT_EQ(stored().body, "0");
  EXPECT_EQ(stored().etag, 1u);
  // Whatever came with it a second time is not there.
  const Workflow second = make.workflow(scope);
  EXPECT_EQ(writer().create_workflow(second, along).error().code, Code::kConflict);
  EXPECT_FALSE(*reader->workflow(scope, second.id));
  const Version version{flow.id, 0, "{}", "s", "c", make.time()};
  EXPECT_EQ(writer().publish(scope, version, along).error().code, Code::kConflict);
  EXPECT_TRUE(reader->versions(scope, flow.id, {})->items.empty());
  along.once = [&](std::int32_t number) {
    Document row = receipt;
    row.id = flow.id;
    row.body = std::to_string(number);
    return row;
  };
  ASSERT_TRUE(writer().publish(scope, version, along).ok());
  reopen();
  EXPECT_EQ((*reader->documents(DocumentScope::of(mine)).find(receipt.kind, flow.id))->body, "1");
  EXPECT_EQ(log_of(mine), (std::vector<std::string>{"made", "made"}));
}

}  // namespace
}  // namespace troupe::testing
