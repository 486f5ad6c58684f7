#include "runtime/directory/named.h"

#include "runtime/directory/secrets.h"

namespace troupe::directory {
namespace {

using store::Document;
using store::DocumentKind;

Status is_latest(const Document& stored, const Document& changed) {
  if (stored.etag == changed.etag) return ok();
  return Error{Code::kConflict, "It has been changed meanwhile: read it again.", {}};
}

}  // namespace

Status check_place(store::Documents& documents, const Document& document, std::size_t most,
                   std::string_view what) {
  const auto same =
      documents.find_by_key(document.kind, document.workspace, document.project, document.key);
  if (!same) return same.error();
  if (*same) {
    if ((*same)->id == document.id) return is_latest(**same, document);
    return Error{Code::kConflict, "There is a " + std::string(what) + " of this name already.", {}};
  }
  const auto before = documents.find(document.kind, document.id);
  if (!before) return before.error();
  if (*before) return is_latest(**before, document);
  const auto rows = documents.list({document.kind, document.workspace, document.project, {}},
                                   {.limit = most, .cursor = {}});
  if (!rows) return rows.error();
  if (rows->items.size() < most) return ok();
  return Error{Code::kLimitExceeded, "There are too many of this kind already.", {}};
}

Status check_environment(store::Documents& documents, WorkspaceId workspace,
                         const std::string& slug) {
  if (slug.empty()) return ok();
  const auto found = documents.find_by_key(DocumentKind::kEnvironment, workspace, {}, slug);
  if (!found) return found.error();
  if (*found) return ok();
  return Error{Code::kInvalidField, "There is no environment \"" + slug + "\".", {}};
}

Status remove_secret(store::Documents& documents, WorkspaceId workspace, ProjectId project,
                     const std::string& path, store::Change& change) {
  const auto slot = secret_slot(documents, workspace, project, path);
  if (!slot) return slot.error();
  const Uuid& id = slot->before.id;
  if (id.set()) change.removed.push_back({DocumentKind::kSecret, id});
  return ok();
}

}  // namespace troupe::directory
