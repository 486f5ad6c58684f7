#pragma once

#include <string>
#include <utility>

#include "tests/conformance/store_rows.h"

namespace troupe::testing {

/// A document with every field set but its expiry; its etag is that of a new one.
inline store::Document document(RowMaker& make, store::DocumentKind kind, WorkspaceId workspace,
                                std::string key = {}) {
  store::Document row;
  row.kind = kind;
  row.id = make.id<RunId>();
  row.workspace = workspace;
  row.project = make.id<ProjectId>();
  row.key = std::move(key);
  row.owner = make.id<RunId>();
  row.etag = 1;
  row.created = make.time();
  row.updated = make.time();
  row.body = R"({"name":")" + make.bytes(40) + "\"}";
  return row;
}

/// The hash of a chain that `text` follows.
inline Digest chained(const Hasher& hasher, const Digest& before, const std::string& text) {
  std::string both(reinterpret_cast<const char*>(before.data()), before.size());
  return hasher.hash(both + text);
}

/// A line that says `text`, bound to the one before it. The hasher outlives it.
inline store::AuditLine line(const Hasher& hasher, WorkspaceId log, std::string text,
                             ProjectId project = {}) {
  return {log, project, [&hasher, text = std::move(text)](const store::AuditHead& last) {
            return store::SealedEntry{{last.n + 1, chained(hasher, last.hash, text)}, text};
          }};
}

/// Decides without a look.
inline store::Decide always(store::Change change) {
  return [change = std::move(change)](store::Documents&) -> Result<store::Change> {
    return change;
  };
}

}  // namespace troupe::testing
