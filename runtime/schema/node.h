#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/json/decimal.h"
#include "runtime/json/tree.h"
#include "runtime/port/system.h"

namespace troupe::schema {

struct Node;

/// A JSON text whose parts nodes point into.
struct Document {
  json::Text text;
  json::Tree tree;
};

/// A schema with a URI of its own: a whole document, or a part of one that has an $id.
struct Resource {
  std::string uri;  ///< absolute if any URI was given, without a fragment
  const json::Tree* root = nullptr;
  std::map<std::string, const json::Tree*, std::less<>> anchors;  ///< $anchor and $dynamicAnchor
  std::map<std::string, const Node*, std::less<>> dynamic_anchors;
  bool applicators = true;  ///< which vocabularies its dialect has
  bool validation = true;
  bool unevaluated = true;
};

struct Bound {
  json::Decimal exact;
  double approximate = 0;
  std::string_view raw;
};

/// A value of `enum` or `const`.
struct Choice {
  std::uint64_t hash = 0;
  std::string_view raw;
};

struct PatternRule {
  std::string source;
  std::shared_ptr<const Pattern> pattern;
  const Node* schema = nullptr;  ///< for patternProperties
};

/// Bounds of a length or a count.
struct Range {
  std::size_t min = 0;
  std::size_t max = std::numeric_limits<std::size_t>::max();
};

enum TypeBit : unsigned {
  kNullBit = 1,
  kBooleanBit = 2,
  kIntegerBit = 4,
  kNumberBit = 8,
  kStringBit = 16,
  kArrayBit = 32,
  kObjectBit = 64,
};

/// One schema object or boolean, its references resolved. A null pointer: the keyword is absent.
struct Node {
  const Resource* resource = nullptr;
  std::optional<bool> constant;  ///< a boolean schema

  unsigned types = 0;  ///< TypeBits; 0 for any
  bool has_enum = false;
  std::vector<Choice> choices;  ///< of `enum`
  std::optional<Choice> only;   ///< of `const`

  std::optional<Bound> minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of;

  Range string_length;
  std::optional<PatternRule> pattern;

  Range items_count;
  bool unique_items = false;
  std::vector<const Node*> prefix_items;
  const Node* items = nullptr;
  const Node* contains = nullptr;
  Range contains_count{1};
  const Node* unevaluated_items = nullptr;

  Range properties_count;
  std::vector<std::string> required;
  std::vector<std::pair<std::string, const Node*>> properties;  ///< by name
  std::vector<PatternRule> pattern_properties;
  const Node* additional_properties = nullptr;
  const Node* property_names = nullptr;
  std::vector<std::pair<std::string, std::vector<std::string>>> dependent_required;
  std::vector<std::pair<std::string, const Node*>> dependent_schemas;
  const Node* unevaluated_properties = nullptr;

  std::vector<const Node*> all_of, any_of, one_of;
  const Node* negated = nullptr;
  const Node* condition = nullptr;
  const Node* consequence = nullptr;
  const Node* alternative = nullptr;

  const Node* ref = nullptr;
  const Node* dynamic_ref = nullptr;  ///< where it leads if no outer resource says otherwise
  std::string dynamic_anchor;         ///< the anchor to look for in outer resources, if any
};

/// Everything a compiled schema consists of. Deques: nodes point to each other.
struct Compiled {
  std::deque<Document> documents;
  std::deque<Resource> resources;
  std::deque<Node> nodes;
  const Node* root = nullptr;
};

/// The same for values that are equal as JSON.
std::uint64_t hash_of(const json::Tree& value);

}  // namespace troupe::schema
