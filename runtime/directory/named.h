#pragma once

#include <string>
#include <string_view>

#include "runtime/port/documents.h"

namespace troupe::directory {

// What resources with a name have in common: provider keys, names of models, connections.

/// The document of one, but for its body and its project.
template <class Resource>
store::Document named_document(store::DocumentKind kind, const Resource& resource) {
  store::Document document;
  document.kind = kind;
  document.id = resource.id;
  document.workspace = resource.workspace;
  document.key = resource.name;
  document.created = resource.created;
  document.updated = resource.updated;
  document.etag = resource.etag;
  return document;
}

/// The same back.
template <class Resource>
Resource named_resource(const store::Document& document) {
  Resource resource;
  resource.id = document.id;
  resource.workspace = document.workspace;
  resource.name = document.key;
  resource.created = document.created;
  resource.updated = document.updated;
  resource.etag = document.etag;
  return resource;
}

/// Whether a document may be stored under its key. kConflict: the name is taken by another of its
/// kind and place, or what is stored is not what it was made of (its etag). kLimitExceeded: there
/// are `most` of the kind in its place already.
Status check_place(store::Documents& documents, const store::Document& document, std::size_t most,
                   std::string_view what);

/// Whether the workspace has an environment of this slug; none is named by an empty one.
/// kInvalidField.
Status check_environment(store::Documents& documents, WorkspaceId workspace,
                         const std::string& slug);

/// Has the secret at this path go with what it belongs to; one that is not there is all right.
Status remove_secret(store::Documents& documents, WorkspaceId workspace, ProjectId project,
                     const std::string& path, store::Change& change);

}  // namespace troupe::directory
