#include "runtime/schema/keywords.h"

#include <algorithm>
#include <array>
#include <set>

namespace troupe::schema {

namespace {

using json::Kind;
using json::Tree;

/// One keyword of one schema while it is compiled.
struct Keyword {
  const Place& place;
  Library& library;
  const PatternCompiler& patterns;
  std::string_view name;
  const Tree& value;

  Node& node() const { return *place.node; }
  std::string pointer() const { return json::pointer_to(place.pointer, name); }
  void wrong(std::string_view what) const { wrong(what, pointer()); }
  void wrong(std::string_view what, std::string_view at) const {
    library.report(place, at, std::string(name) + ": " + std::string(what));
  }
  bool expect(Kind kind, std::string_view what) const {
    if (value.kind != kind) wrong("must be " + std::string(what));
    return value.kind == kind;
  }
  /// The node of a part that is a schema; the library has reported it if it is none.
  const Node* schema(const Tree& part) const {
    const Place* const found = library.find(part);
    return found == nullptr ? nullptr : found->node;
  }
};

unsigned type_bit(const Tree& name) {
  constexpr std::array<std::pair<std::string_view, unsigned>, 7> kTypes = {
      {{"null", kNullBit},
       {"boolean", kBooleanBit},
       {"integer", kIntegerBit},
       {"number", kNumberBit},
       {"string", kStringBit},
       {"array", kArrayBit},
       {"object", kObjectBit}}};
  for (const auto& [type, bit] : kTypes) {
    if (name.kind == Kind::kString && name.string == type) return bit;
  }
  return 0;
}

void compile_type(const Keyword& keyword) {
  std::vector<const Tree*> names;
  if (keyword.value.kind == Kind::kArray) {
    for (const Tree& name : keyword.value.elements) names.push_back(&name);
  } else {
    names.push_back(&keyword.value);
  }
  if (names.empty()) keyword.wrong("must name a type");
  for (const Tree* const name : names) {
    const unsigned bit = type_bit(*name);
    if (bit == 0) {
      keyword.wrong("must be null, boolean, integer, number, string, array, object or a list");
    } else if ((keyword.node().types & bit) != 0) {
      keyword.wrong("names a type twice");
    }
    keyword.node().types |= bit;
  }
}

void compile_enum(const Keyword& keyword) {
  if (!keyword.expect(Kind::kArray, "an array")) return;
  Node& node = keyword.node();
  node.has_enum = true;
  for (const Tree& value : keyword.value.elements) {
    node.choices.push_back({hash_of(value), value.raw});
  }
}

void compile_const(const Keyword& keyword) {
  keyword.node().only = Choice{hash_of(keyword.value), keyword.value.raw};
}

template <auto Member>
void compile_bound(const Keyword& keyword) {
  if (!keyword.expect(Kind::kNumber, "a number")) return;
  const std::string_view raw = keyword.value.raw;
  const json::Decimal exact(raw);
  if (keyword.name == "multipleOf" && (exact.zero() || exact.negative())) {
    return keyword.wrong("must be greater than 0");
  }
  keyword.node().*Member = Bound{exact, json::as_double(raw).value_or(0), raw};
}

template <auto Member, std::size_t Range::*Side>
void compile_count(const Keyword& keyword) {
  const json::Decimal number(keyword.value.kind == Kind::kNumber ? keyword.value.raw : "-1");
  if (number.negative() || !number.integer()) return keyword.wrong("must be an integer from 0");
  // No text has as many parts as an integer that does not fit says.
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  (keyword.node().*Member).*Side = static_cast<std::size_t>(number.as_int64().value_or(kMost));
}

void compile_unique_items(const Keyword& keyword) {
  if (!keyword.expect(Kind::kBool, "a boolean")) return;
  keyword.node().unique_items = keyword.value.raw[0] == 't';
}

std::optional<PatternRule> compile_rule(const Keyword& keyword,
                                        const std::string& source,
                                        const std::string& pointer) {
  if (!keyword.library.count_pattern()) {
    keyword.wrong("the schema has too many patterns", pointer);
    return std::nullopt;
  }
  Result<std::shared_ptr<const Pattern>> pattern = keyword.patterns.compile(source);
  if (pattern.ok()) return PatternRule{source, *pattern};
  keyword.wrong(pattern.error().message, pointer);
  return std::nullopt;
}

void compile_pattern(const Keyword& keyword) {
  if (!keyword.expect(Kind::kString, "a string")) return;
  keyword.node().pattern = compile_rule(keyword, keyword.value.string, keyword.pointer());
}

std::vector<std::string> strings_of(const Keyword& keyword,
                                    const Tree& list,
                                    const std::string& pointer) {
  std::vector<std::string> strings;
  std::set<std::string_view> seen;
  bool valid = list.kind == Kind::kArray;
  for (const Tree& element : list.elements) {
    valid = valid && element.kind == Kind::kString && seen.insert(element.string).second;
    strings.push_back(element.string);
  }
  if (!valid) keyword.wrong("must be an array of strings, each once", pointer);
  return strings;
}

void compile_required(const Keyword& keyword) {
  keyword.node().required = strings_of(keyword, keyword.value, keyword.pointer());
}

void compile_dependent_required(const Keyword& keyword) {
  if (!keyword.expect(Kind::kObject, "an object")) return;
  for (const auto& [name, list] : keyword.value.members) {
    const std::string pointer = json::pointer_to(keyword.pointer(), name);
    keyword.node().dependent_required.emplace_back(name, strings_of(keyword, list, pointer));
  }
}

/// The form of earlier drafts for what are two keywords now; the dialect still has it.
void compile_dependencies(const Keyword& keyword) {
  if (!keyword.expect(Kind::kObject, "an object")) return;
  for (const auto& [name, part] : keyword.value.members) {
    const std::string pointer = json::pointer_to(keyword.pointer(), name);
    if (part.kind == Kind::kArray) {
      keyword.node().dependent_required.emplace_back(name, strings_of(keyword, part, pointer));
    } else {
      keyword.node().dependent_schemas.emplace_back(name, keyword.schema(part));
    }
  }
}

template <auto Member>
void compile_schema(const Keyword& keyword) {
  keyword.node().*Member = keyword.schema(keyword.value);
}

template <auto Member>
void compile_schema_array(const Keyword& keyword) {
  if (keyword.value.kind != Kind::kArray || keyword.value.elements.empty()) {
    return keyword.wrong("must be an array of at least one schema");
  }
  for (const Tree& part : keyword.value.elements) {
    (keyword.node().*Member).push_back(keyword.schema(part));
  }
}

template <auto Member>
void compile_schema_map(const Keyword& keyword) {
  if (!keyword.expect(Kind::kObject, "an object of schemas")) return;
  for (const auto& [name, part] : keyword.value.members) {
    (keyword.node().*Member).emplace_back(name, keyword.schema(part));
  }
  std::sort((keyword.node().*Member).begin(), (keyword.node().*Member).end());
}

void compile_pattern_properties(const Keyword& keyword) {
  if (!keyword.expect(Kind::kObject, "an object of schemas")) return;
  for (const auto& [source, part] : keyword.value.members) {
    const std::string pointer = json::pointer_to(keyword.pointer(), source);
    std::optional<PatternRule> rule = compile_rule(keyword, source, pointer);
    if (!rule) continue;
    rule->schema = keyword.schema(part);
    keyword.node().pattern_properties.push_back(std::move(*rule));
  }
}

Target follow(const Keyword& keyword) {
  if (!keyword.expect(Kind::kString, "a string")) return {};
  Target target = keyword.library.resolve(keyword.place, keyword.value.string);
  if (target.place == nullptr) keyword.wrong(target.failure);
  return target;
}

void compile_ref(const Keyword& keyword) {
  const Target target = follow(keyword);
  if (target.place != nullptr) keyword.node().ref = target.place->node;
}

void compile_dynamic_ref(const Keyword& keyword) {
  const Target target = follow(keyword);
  if (target.place == nullptr) return;
  keyword.node().dynamic_ref = target.place->node;
  keyword.node().dynamic_anchor = target.dynamic_anchor;
}

template <Kind kKind>
void check_kind(const Keyword& keyword) {
  constexpr std::string_view kNames[] = {"null",     "a boolean", "a number",
                                         "a string", "an array",  "an object"};
  keyword.expect(kKind, kNames[static_cast<int>(kKind)]);
}

void check_vocabulary(const Keyword& keyword) {
  if (!keyword.expect(Kind::kObject, "an object")) return;
  for (const auto& member : keyword.value.members) {
    if (member.second.kind != Kind::kBool) return keyword.wrong("must have only booleans");
  }
}

enum class Vocabulary { kCore, kApplicator, kValidation, kUnevaluated };

struct Entry {
  std::string_view name;
  Vocabulary vocabulary;
  void (*compile)(const Keyword&);
};

using enum Vocabulary;
constexpr Entry kEntries[] = {
    {"$anchor", kCore, check_kind<Kind::kString>},
    {"$comment", kCore, check_kind<Kind::kString>},
    {"$defs", kCore, check_kind<Kind::kObject>},
    {"$dynamicAnchor", kCore, check_kind<Kind::kString>},
    {"$dynamicRef", kCore, compile_dynamic_ref},
    {"$id", kCore, check_kind<Kind::kString>},
    {"$ref", kCore, compile_ref},
    {"$schema", kCore, check_kind<Kind::kString>},
    {"$vocabulary", kCore, check_vocabulary},
    {"additionalProperties", kApplicator, compile_schema<&Node::additional_properties>},
    {"allOf", kApplicator, compile_schema_array<&Node::all_of>},
    {"anyOf", kApplicator, compile_schema_array<&Node::any_of>},
    {"const", kValidation, compile_const},
    {"contains", kApplicator, compile_schema<&Node::contains>},
    {"contentEncoding", kCore, check_kind<Kind::kString>},
    {"contentMediaType", kCore, check_kind<Kind::kString>},
    {"definitions", kCore, check_kind<Kind::kObject>},
    {"dependencies", kApplicator, compile_dependencies},
    {"dependentRequired", kValidation, compile_dependent_required},
    {"dependentSchemas", kApplicator, compile_schema_map<&Node::dependent_schemas>},
    {"deprecated", kCore, check_kind<Kind::kBool>},
    {"description", kCore, check_kind<Kind::kString>},
    {"else", kApplicator, compile_schema<&Node::alternative>},
    {"enum", kValidation, compile_enum},
    {"examples", kCore, check_kind<Kind::kArray>},
    {"exclusiveMaximum", kValidation, compile_bound<&Node::exclusive_maximum>},
    {"exclusiveMinimum", kValidation, compile_bound<&Node::exclusive_minimum>},
    {"format", kCore, check_kind<Kind::kString>},
    {"if", kApplicator, compile_schema<&Node::condition>},
    {"items", kApplicator, compile_schema<&Node::items>},
    {"maxContains", kValidation, compile_count<&Node::contains_count, &Range::max>},
    {"maxItems", kValidation, compile_count<&Node::items_count, &Range::max>},
    {"maxLength", kValidation, compile_count<&Node::string_length, &Range::max>},
    {"maxProperties", kValidation, compile_count<&Node::properties_count, &Range::max>},
    {"maximum", kValidation, compile_bound<&Node::maximum>},
    {"minContains", kValidation, compile_count<&Node::contains_count, &Range::min>},
    {"minItems", kValidation, compile_count<&Node::items_count, &Range::min>},
    {"minLength", kValidation, compile_count<&Node::string_length, &Range::min>},
    {"minProperties", kValidation, compile_count<&Node::properties_count, &Range::min>},
    {"minimum", kValidation, compile_bound<&Node::minimum>},
    {"multipleOf", kValidation, compile_bound<&Node::multiple_of>},
    {"not", kApplicator, compile_schema<&Node::negated>},
    {"oneOf", kApplicator, compile_schema_array<&Node::one_of>},
    {"pattern", kValidation, compile_pattern},
    {"patternProperties", kApplicator, compile_pattern_properties},
    {"prefixItems", kApplicator, compile_schema_array<&Node::prefix_items>},
    {"properties", kApplicator, compile_schema_map<&Node::properties>},
    {"propertyNames", kApplicator, compile_schema<&Node::property_names>},
    {"readOnly", kCore, check_kind<Kind::kBool>},
    {"required", kValidation, compile_required},
    {"then", kApplicator, compile_schema<&Node::consequence>},
    {"title", kCore, check_kind<Kind::kString>},
    {"type", kValidation, compile_type},
    {"unevaluatedItems", kUnevaluated, compile_schema<&Node::unevaluated_items>},
    {"unevaluatedProperties", kUnevaluated, compile_schema<&Node::unevaluated_properties>},
    {"uniqueItems", kValidation, compile_unique_items},
    {"writeOnly", kCore, check_kind<Kind::kBool>},
};

bool has(const Resource& resource, Vocabulary vocabulary) {
  switch (vocabulary) {
    case kCore:
      return true;
    case kApplicator:
      return resource.applicators;
    case kValidation:
      return resource.validation;
    case kUnevaluated:
      return resource.unevaluated;
  }
  return true;
}

}  // namespace

void compile_keywords(const Place& place, Library& library, const PatternCompiler& patterns) {
  if (place.tree->kind == Kind::kBool) {
    place.node->constant = place.tree->raw[0] == 't';
    return;
  }
  for (const auto& [name, value] : place.tree->members) {
    const Entry* const entry =
        std::lower_bound(std::begin(kEntries), std::end(kEntries), name,
                         [](const Entry& e, std::string_view wanted) { return e.name < wanted; });
    const bool known = entry != std::end(kEntries) && entry->name == name;
    if (!known || !has(*place.resource, entry->vocabulary)) continue;
    entry->compile({place, library, patterns, name, value});
  }
}

}  // namespace troupe::schema
