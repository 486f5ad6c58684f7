#include "runtime/schema/library.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "runtime/json/scan.h"
#include "runtime/schema/metaschema.h"
#include "runtime/schema/uri.h"

namespace troupe::schema {

namespace {

constexpr std::size_t kSchemaDepthMax = 128;
constexpr std::size_t kIssuesMax = 20;
/// A node and a compiled pattern take far more memory than their text, which alone is bounded.
constexpr std::size_t kNodesMax = 20'000;
constexpr std::size_t kPatternsMax = 200;

constexpr std::array<std::string_view, 10> kSchemaKeywords = {
    "additionalProperties", "contains", "contentSchema",   "else", "if", "items", "not",
    "propertyNames",        "then",     "unevaluatedItems"};
constexpr std::array<std::string_view, 4> kArrayKeywords = {"allOf", "anyOf", "oneOf",
                                                            "prefixItems"};
constexpr std::array<std::string_view, 5> kMapKeywords = {
    "$defs", "definitions", "dependentSchemas", "patternProperties", "properties"};

template <std::size_t N>
bool among(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool holds_schema(std::string_view keyword) {
  return keyword == "unevaluatedProperties" || among(kSchemaKeywords, keyword);
}

/// Their keywords that matter here mean the same in 2020-12, or are refused by their shape.
bool is_older_dialect(std::string_view uri) {
  constexpr std::array<std::string_view, 4> kOlder = {
      "http://json-schema.org/draft-04/schema", "http://json-schema.org/draft-06/schema",
      "http://json-schema.org/draft-07/schema", "https://json-schema.org/draft/2019-09/schema"};
  return among(kOlder, uri);
}

bool is_anchor_name(std::string_view name) {
  const auto letter = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
  if (name.empty() || !(letter(name[0]) || name[0] == '_')) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) {
    return letter(c) || json::scan::is_digit(c) || c == '_' || c == '-' || c == '.';
  });
}

const json::Tree* step_into(const json::Tree& tree, std::string_view segment) {
  if (tree.kind == json::Kind::kObject) return tree.find(segment);
  std::size_t index = 0;
  const char* const end = segment.data() + segment.size();
  const std::from_chars_result read = std::from_chars(segment.data(), end, index);
  const bool valid = read.ec == std::errc() && read.ptr == end && index < tree.elements.size();
  return valid ? &tree.elements[index] : nullptr;
}

std::string decode_segment(std::string_view segment) {
  std::string decoded;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    const char next = i + 1 < segment.size() ? segment[i + 1] : '\0';
    const bool coded = segment[i] == '~' && (next == '0' || next == '1');
    decoded += !coded ? segment[i] : next == '0' ? '~' : '/';
    if (coded) ++i;
  }
  return decoded;
}

}  // namespace

void Library::report(const Place& place, std::string_view pointer, std::string message) {
  if (issues_.size() >= kIssuesMax) return;
  if (!place.document.empty()) message += " (in the schema " + place.document + ")";
  issues_.push_back({Code::kSchemaInvalid, {}, std::string(pointer), std::move(message)});
}

const Place* Library::add(const json::Text& text, const std::string& uri) {
  if (text.empty() || json::scan::depth(text.view()) > kSchemaDepthMax) {
    Place nowhere;
    nowhere.document = uri;
    report(nowhere, "", text.empty() ? "there is no schema" : "the schema is nested too deeply");
    return nullptr;
  }
  Document& document = compiled_.documents.emplace_back();
  document.text = text;
  document.tree = json::parse_tree(text);
  Resource& resource = compiled_.resources.emplace_back();
  resource.uri = uri;
  resource.root = &document.tree;
  resources_.emplace(uri, &resource);
  return index(document.tree, {&resource, uri, ""});
}

const Place* Library::find(const json::Tree& tree) const {
  const auto found = places_.find(&tree);
  return found == places_.end() ? nullptr : &found->second;
}

bool Library::count_pattern() { return ++patterns_ <= kPatternsMax; }

const Place* Library::next() {
  if (pending_.empty()) return nullptr;
  const Place* const place = pending_.back();
  pending_.pop_back();
  return place;
}

const Place* Library::index(const json::Tree& tree, const Origin& origin) {
  if (const Place* const known = find(tree)) return known;
  Place place{&tree, origin.resource, nullptr, origin.document, origin.pointer};
  if (tree.kind != json::Kind::kObject && tree.kind != json::Kind::kBool) {
    report(place, place.pointer, "a schema must be an object or a boolean");
    return nullptr;
  }
  if (compiled_.nodes.size() >= kNodesMax) {
    if (issues_.empty()) report(place, place.pointer, "the schema has too many parts");
    return nullptr;
  }
  name_resource(tree, place);
  place.node = &compiled_.nodes.emplace_back();
  place.node->resource = place.resource;
  const Place& kept = places_.emplace(&tree, std::move(place)).first->second;
  pending_.push_back(&kept);
  name_anchors(kept);
  index_parts(kept);
  return &kept;
}

void Library::index_parts(const Place& place) {
  for (const auto& [keyword, value] : place.tree->members) {
    const std::string pointer = json::pointer_to(place.pointer, keyword);
    const auto index_part = [&](const json::Tree& part, std::string part_pointer) {
      index(part, {place.resource, place.document, std::move(part_pointer)});
    };
    if (holds_schema(keyword)) {
      index_part(value, pointer);
    } else if (among(kArrayKeywords, keyword)) {
      for (std::size_t i = 0; i < value.elements.size(); ++i) {
        index_part(value.elements[i], json::pointer_to(pointer, std::to_string(i)));
      }
    } else if (among(kMapKeywords, keyword)) {
      for (const auto& [name, part] : value.members) {
        index_part(part, json::pointer_to(pointer, name));
      }
    } else if (keyword == "dependencies") {
      for (const auto& [name, part] : value.members) {
        if (part.kind != json::Kind::kArray) index_part(part, json::pointer_to(pointer, name));
      }
    }
  }
}

void Library::name_resource(const json::Tree& tree, Place& place) {
  const json::Tree* const id = tree.find("$id");
  if (id != nullptr && id->kind == json::Kind::kString) {
    const std::string resolved = resolve_uri(place.resource->uri, id->string);
    const auto [uri, fragment] = split_fragment(resolved);
    if (!fragment.empty()) {
      report(place, json::pointer_to(place.pointer, "$id"), "$id: may not have a fragment");
      return;
    }
    if (place.resource->root != &tree) {
      Resource& inner = compiled_.resources.emplace_back(*place.resource);
      inner.root = &tree;
      inner.anchors.clear();
      inner.dynamic_anchors.clear();
      place.resource = &inner;
    }
    place.resource->uri = uri;
    const auto [known, added] = resources_.emplace(uri, place.resource);
    if (!added && known->second != place.resource) {
      report(place, json::pointer_to(place.pointer, "$id"),
             "$id: another schema has the URI " + std::string(uri));
    }
  }
  if (place.resource->root == &tree) read_dialect(tree, place);
}

void Library::name_anchors(const Place& place) {
  for (const char* const keyword : {"$anchor", "$dynamicAnchor"}) {
    const json::Tree* const name = place.tree->find(keyword);
    if (name == nullptr || name->kind != json::Kind::kString) continue;
    const bool dynamic = keyword[1] == 'd';
    const auto [known, added] = place.resource->anchors.emplace(name->string, place.tree);
    if (!is_anchor_name(name->string)) {
      report(place, json::pointer_to(place.pointer, keyword),
             std::string(keyword) + ": must be a letter or '_', then letters, digits, '-_.'");
    } else if (!added && known->second != place.tree) {
      report(place, json::pointer_to(place.pointer, keyword),
             std::string(keyword) + ": the name \"" + name->string + "\" is used twice");
    }
    if (dynamic) place.resource->dynamic_anchors.emplace(name->string, place.node);
  }
}

void Library::read_dialect(const json::Tree& tree, const Place& place) {
  const json::Tree* const dialect = tree.find("$schema");
  if (dialect == nullptr || dialect->kind != json::Kind::kString) return;
  const std::string_view uri = split_fragment(dialect->string).first;
  if (uri == kDialect || find_metaschema(uri) || is_older_dialect(uri)) return;
  if (remotes_ != nullptr) {
    if (const auto found = remotes_->find(uri); found != remotes_->end()) {
      read_vocabularies(found->second.view(), place);
      return;
    }
  }
  report(place, json::pointer_to(place.pointer, "$schema"),
         "$schema: this dialect is not known; use " + std::string(kDialect));
}

void Library::read_vocabularies(std::string_view metaschema, const Place& place) {
  const std::optional<std::string_view> listed = json::member(metaschema, "$vocabulary");
  if (!listed) return;
  Resource& resource = *place.resource;
  resource.applicators = resource.validation = resource.unevaluated = false;
  json::for_each_member(*listed, [&](std::string_view uri, std::string_view required) {
    std::string_view name = uri;
    if (name.starts_with(kVocabularyPrefix)) name.remove_prefix(kVocabularyPrefix.size());
    constexpr std::array<std::string_view, 4> kAnnotating = {"core", "meta-data", "content",
                                                             "format-annotation"};
    if (name == "applicator")
      resource.applicators = true;
    else if (name == "validation")
      resource.validation = true;
    else if (name == "unevaluated")
      resource.unevaluated = true;
    else if (!among(kAnnotating, name) && required == "true") {
      report(place, json::pointer_to(place.pointer, "$schema"),
             "$schema: needs the vocabulary " + std::string(uri) + ", which is not known");
    }
    return true;
  });
}

Resource* Library::resource_at(std::string_view uri) {
  const auto known = resources_.find(uri);
  if (known != resources_.end()) return known->second;
  const std::string address(uri);
  const Place* added = nullptr;
  if (remotes_ != nullptr && remotes_->contains(uri)) {
    added = add(remotes_->find(uri)->second, address);
  } else if (const std::optional<std::string_view> metaschema = find_metaschema(uri)) {
    added = add(json::Text::trusted(std::string(*metaschema)), address);
  }
  return added == nullptr ? nullptr : added->resource;
}

const Place* Library::walk_pointer(const Resource& resource, std::string_view pointer) {
  const Place* place = find(*resource.root);
  if (place == nullptr) return nullptr;
  const json::Tree* tree = resource.root;
  std::string document_pointer = place->pointer;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);  // the slash
    const std::string segment = decode_segment(pointer.substr(0, pointer.find('/')));
    pointer.remove_prefix(std::min(pointer.find('/'), pointer.size()));
    tree = step_into(*tree, segment);
    if (tree == nullptr) return nullptr;
    document_pointer = json::pointer_to(document_pointer, segment);
    if (const Place* const inner = find(*tree)) place = inner;
  }
  // What stands under an unknown keyword becomes a schema by being referred to.
  return place->tree == tree ? place
                             : index(*tree, {place->resource, place->document, document_pointer});
}

Target Library::resolve(const Place& from, std::string_view reference) {
  const std::string uri = resolve_uri(from.resource->uri, reference);
  const auto [address, raw_fragment] = split_fragment(uri);
  const Resource* const resource = resource_at(address);
  if (resource == nullptr) return {nullptr, {}, "no schema is known at " + std::string(address)};
  const std::string fragment = percent_decode(raw_fragment);
  if (fragment.empty() || fragment[0] == '/') {
    const Place* const place = walk_pointer(*resource, fragment);
    return {place, {}, place != nullptr ? "" : "there is no schema at " + uri};
  }
  const auto anchor = resource->anchors.find(fragment);
  if (anchor == resource->anchors.end()) {
    return {nullptr, {}, "there is no anchor \"" + fragment + "\""};
  }
  const bool dynamic = resource->dynamic_anchors.contains(fragment);
  return {find(*anchor->second), dynamic ? fragment : std::string(), {}};
}

}  // namespace troupe::schema
