#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/schema/node.h"
#include "runtime/schema/schema.h"

namespace troupe::schema {

/// Where a schema stands: its part of a document, the resource it belongs to, its node.
struct Place {
  const json::Tree* tree = nullptr;
  Resource* resource = nullptr;
  Node* node = nullptr;
  std::string document;  ///< URI of the document; empty for the one being compiled
  std::string pointer;   ///< inside the document
};

/// What a reference leads to.
struct Target {
  const Place* place = nullptr;
  std::string dynamic_anchor;  ///< set if the reference named one
  std::string failure;         ///< why `place` is null
};

/// The documents that take part in one compilation and the schemas in them by URI, anchor and
/// pointer. Lives on the stack of Schema::compile; what must survive goes into Compiled.
class Library {
 public:
  Library(Compiled& compiled, const RemoteSchemas* remotes)
      : compiled_(compiled), remotes_(remotes) {}

  /// Takes in a document and every schema inside it; null if it is nested too deeply.
  const Place* add(const json::Text& text, const std::string& uri);
  /// The schema at a part of a document that `add` found to be one.
  const Place* find(const json::Tree& tree) const;
  Target resolve(const Place& from, std::string_view reference);
  /// A schema whose keywords have not been compiled yet; null when all are.
  const Place* next();

  void report(const Place& place, std::string_view pointer, std::string message);
  /// False once the schema has more regular expressions than it may.
  bool count_pattern();
  std::vector<Issue>& issues() { return issues_; }

 private:
  struct Origin {
    Resource* resource;
    std::string document;
    std::string pointer;
  };

  const Place* index(const json::Tree& tree, const Origin& origin);
  void index_parts(const Place& place);
  void name_resource(const json::Tree& tree, Place& place);
  void name_anchors(const Place& place);
  void read_dialect(const json::Tree& tree, const Place& place);
  void read_vocabularies(std::string_view metaschema, const Place& place);
  Resource* resource_at(std::string_view uri);
  const Place* walk_pointer(const Resource& resource, std::string_view pointer);

  Compiled& compiled_;
  const RemoteSchemas* remotes_;
  std::unordered_map<const json::Tree*, Place> places_;
  std::map<std::string, Resource*, std::less<>> resources_;
  std::vector<const Place*> pending_;
  std::size_t patterns_ = 0;
  std::vector<Issue> issues_;
};

}  // namespace troupe::schema
