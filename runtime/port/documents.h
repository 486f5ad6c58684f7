#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/time.h"
#include "runtime/base/uuid.h"
#include "runtime/port/audit_log.h"

namespace troupe::store {

struct Workspace;
struct Project;
struct Page;
template <class Row>
struct Rows;

// Documents: the small records of the control plane, such as users, tokens, members and secrets. A
// store keeps them as they are and finds them by id, by a unique key or by whose they are; what
// stands in them is their owners' matter (runtime/directory).

/// What a document is. Stored as its number.
enum class DocumentKind : std::uint8_t {
  kUser = 1,
  kSession = 2,
  kAccessToken = 3,
  kWorkspaceSettings = 4,
  kMember = 5,
  kInvite = 6,
  kProjectSettings = 7,
  kProjectMember = 8,
  kEnvironment = 9,
  kSecret = 10,
  kDataKey = 11,
  kJob = 12,
  kIdempotencyKey = 13,
  kSignInAttempt = 14,
  kMailToken = 15,
  kIdentity = 16,
  kProviderKey = 17,
  kModel = 18,
  kConnection = 19,
};

/// Whether a change of such a document may change what somebody is allowed: then every node forgets
/// what it has looked up (`Reader::access_generation`).
constexpr bool concerns_access(DocumentKind kind) {
  switch (kind) {
    case DocumentKind::kUser:
    case DocumentKind::kSession:
    case DocumentKind::kAccessToken:
    case DocumentKind::kMember:
    case DocumentKind::kProjectSettings:
    case DocumentKind::kProjectMember: return true;
    default: return false;
  }
}

struct Document {
  DocumentKind kind = DocumentKind::kUser;
  Uuid id;                 ///< unique within its kind
  WorkspaceId workspace;   ///< unset: of the installation, such as a user
  ProjectId project;       ///< unset: of the workspace as a whole
  std::string key;         ///< unique within kind, workspace and project; empty: it has none
  Uuid owner;              ///< whose it is, such as the user of a token; unset: nobody's
  std::uint64_t etag = 0;  ///< of what is stored: 1, and one more with each change
  TimePoint created, updated;
  TimePoint expires;       ///< from here on it may be swept away; unset: never
  std::string body;        ///< JSON
  bool operator==(const Document&) const = default;
};

/// What one caller may see of the documents: those of a workspace, and one owner's wherever they
/// lie. Both unset: nothing.
struct DocumentScope {
  WorkspaceId workspace;
  Uuid owner;
  bool everything = false;  ///< for what checks credentials and for the engine, never for a caller
  static DocumentScope all() { return {{}, {}, true}; }
  static DocumentScope of(WorkspaceId workspace) { return {workspace, {}, false}; }
  static DocumentScope owned_by(Uuid owner) { return {{}, owner, false}; }
};
inline bool visible(const DocumentScope& scope, const Document& document) {
  if (scope.everything) return true;
  if (scope.workspace.set() && document.workspace == scope.workspace) return true;
  return scope.owner.set() && document.owner == scope.owner;
}

/// Which documents a list has: those of one kind that fit everything that is set. A list names a
/// workspace, an owner or both, or all documents of a kind that belong to no workspace.
struct DocumentFilter {
  DocumentKind kind = DocumentKind::kUser;
  std::optional<WorkspaceId> workspace;
  std::optional<ProjectId> project;  ///< an unset id: those of the workspace as a whole
  std::optional<Uuid> owner;
};
bool matches(const DocumentFilter& filter, const Document& document);

/// Reads of documents, by a reader or from inside a change.
class Documents {
 public:
  virtual ~Documents() = default;
  virtual Result<std::optional<Document>> find(DocumentKind kind, const Uuid& id) = 0;
  /// Of those that belong to this workspace and project (unset: to none).
  virtual Result<std::optional<Document>> find_by_key(DocumentKind kind,
                                                      WorkspaceId workspace,
                                                      ProjectId project,
                                                      std::string_view key) = 0;
  /// Newest first. kInvalidRequest for a cursor that is none of documents.
  virtual Result<Rows<Document>> list(const DocumentFilter& filter, const Page& page) = 0;
  virtual Result<std::optional<Workspace>> workspace(WorkspaceId id) = 0;
  virtual Result<std::optional<Workspace>> workspace_of_slug(std::string_view slug) = 0;
  virtual Result<std::vector<Project>> projects_of(WorkspaceId workspace) = 0;

  /// All that fit, newest first: for what has a bound of its own, such as a workspace's members.
  Result<std::vector<Document>> all(const DocumentFilter& filter);
};

struct DocumentRef {
  DocumentKind kind = DocumentKind::kUser;
  Uuid id;
};

/// What one change writes: all of it or nothing.
struct Change {
  std::vector<Workspace> workspaces;  ///< new, or in place of the one of this id; the slug stays
  std::vector<Project> projects;      ///< new, or in place of the one of this id; the slug stays
  /// New, or in place of the one of this kind and id. The store gives the etag. Kind, id,
  /// workspace, project and `created` of a document never change.
  std::vector<Document> put;
  std::vector<DocumentRef> removed;   ///< that is not there: is all right
  AuditLines audit;
  bool empty() const;
};

/// Reads what it needs and says what is to be written, on the writer's thread, inside the
/// transaction. An error of its own ends the change with nothing written. It may be asked again if
/// the transaction has to be repeated.
using Decide = std::function<Result<Change>(Documents& documents)>;

}  // namespace troupe::store
