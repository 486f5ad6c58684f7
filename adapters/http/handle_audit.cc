// The audit log of a workspace: what of it the caller's roles show, newest first, and as a whole.
#include <set>

#include "adapters/http/change.h"
#include "adapters/http/parse.h"
#include "adapters/http/render.h"
#include "runtime/directory/caller.h"
#include "runtime/json/write.h"

namespace troupe::http {
namespace {

constexpr std::size_t kLookedAtOnce = 500;
constexpr std::size_t kLookedMax = 20'000;
constexpr std::size_t kExportMax = 5'000;

/// Which entries of a log somebody may see.
struct Sight {
  std::set<ProjectId> projects;
  bool global = false;
  bool shows(const store::AuditRow& row) const {
    return row.project.set() ? projects.contains(row.project) : global;
  }
};
Result<Sight> sight_of(store::Reader& reader, const tenancy::Principal& principal,
                       const tenancy::Grant& grant) {
  const WorkspaceId workspace = grant.workspace().value_or(WorkspaceId{});
  auto seen = directory::projects_seen(
      reader.documents(store::DocumentScope::of(workspace)), principal, grant);
  if (!seen) return seen.error();
  Sight sight;
  sight.global = grant.shows_global();
  for (const directory::SeenProject& one : *seen) sight.projects.insert(one.row.id);
  return sight;
}

std::string entry_json(const store::AuditRow& row) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string hash;
  for (const std::uint8_t byte : row.entry.head.hash) {
    hash.push_back(kHex[byte >> 4]);
    hash.push_back(kHex[byte & 15]);
  }
  json::Writer out;
  out.begin_object().member_raw("entry", row.entry.json).member("hash", hash);
  return out.end_object().take();
}

struct Found {
  std::vector<store::AuditRow> rows;
  std::uint64_t next = 0;  ///< 0: nothing more
};
/// Looks through the log until the page is full; at most so far that a log of others' entries holds
/// up no reader. Then the page is short, and the next one goes on behind it.
Result<Found> look(store::Reader& reader, const Sight& sight, store::AuditQuery query,
                   std::size_t limit) {
  Found found;
  query.limit = kLookedAtOnce;
  for (std::size_t looked = 0; looked < kLookedMax;) {
    const auto rows = reader.audit(query);
    if (!rows) return rows.error();
    for (const store::AuditRow& row : *rows) {
      const std::uint64_t n = row.entry.head.n;
      if (sight.shows(row)) found.rows.push_back(row);
      (query.newest_first ? query.before : query.after) = found.next = n;
      if (found.rows.size() == limit) return found;
    }
    if (rows->size() < query.limit) {
      found.next = 0;
      return found;
    }
    looked += rows->size();
  }
  return found;
}

void answer(const CallPtr& call, const store::AuditQuery& query, std::size_t limit) {
  read_store<Found>(
      call,
      [principal = call->principal, grant = *call->grant, query,
       limit](store::Reader& reader) -> Result<Found> {
        const auto sight = sight_of(reader, principal, grant);
        if (!sight) return sight.error();
        return look(reader, *sight, query, limit);
      },
      [call](const Found& found) {
        std::vector<std::string> items;
        for (const store::AuditRow& row : found.rows) items.push_back(entry_json(row));
        call->send_json(
            page_json(items, found.next == 0 ? std::string() : std::to_string(found.next)));
      });
}

}  // namespace

namespace handle {

void list_audit(const CallPtr& call) {
  const auto limit = call->query.number("limit", 50, 1, UINT32_MAX);
  if (!limit.ok()) return call->fail(limit.error());
  const auto before = call->query.number("cursor", 0, 0, INT64_MAX);
  if (!before.ok()) return call->fail(before.error());
  answer(call,
         {.workspace = call->scope.workspace, .after = 0, .before = *before, .newest_first = true},
         std::min<std::size_t>(*limit, call->core.options.limits.page_max));
}

void export_audit(const CallPtr& call) {
  const auto after = call->query.number("after", 0, 0, INT64_MAX);
  if (!after.ok()) return call->fail(after.error());
  // That it was exported is an entry itself, written first: the export shows it in its turn.
  const WorkspaceId workspace = call->scope.workspace;
  change_store<Unit>(
      call, {Uuid(workspace)},
      [workspace](auto&, const auto& context, auto*) -> Result<store::Change> {
        store::Change change;
        change.audit.push_back(context.line(workspace, tenancy::Permission::kAuditExport,
                                            "workspace:" + workspace.to_string()));
        return change;
      },
      [call, workspace, after = *after](Unit) {
        answer(call, {.workspace = workspace, .after = after}, kExportMax);
      });
}

}  // namespace handle
}  // namespace troupe::http
