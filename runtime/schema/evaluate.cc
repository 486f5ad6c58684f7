#include "runtime/schema/evaluate.h"

#include <algorithm>

#include "runtime/json/read.h"
#include "runtime/json/write.h"

namespace troupe::schema {

namespace {

using json::Kind;
using json::Tree;

/// Bounds of the work. References can multiply it without end, however small the texts are.
constexpr std::size_t kStepsMax = 2'000'000;
constexpr int kDepthMax = 1000;

unsigned type_bits(const Tree& value) {
  switch (value.kind) {
    case Kind::kNull:
      return kNullBit;
    case Kind::kBool:
      return kBooleanBit;
    case Kind::kString:
      return kStringBit;
    case Kind::kArray:
      return kArrayBit;
    case Kind::kObject:
      return kObjectBit;
    case Kind::kNumber:
      break;
  }
  return json::Decimal(value.raw).integer() ? kNumberBit | kIntegerBit : kNumberBit;
}

std::string type_names(unsigned bits) {
  constexpr std::string_view kNames[] = {"null",     "a boolean", "an integer", "a number",
                                         "a string", "an array",  "an object"};
  std::string names;
  for (unsigned i = 0; i < std::size(kNames); ++i) {
    if ((bits & (1u << i)) == 0) continue;
    if (!names.empty()) names += " or ";
    names += kNames[i];
  }
  return names;
}

std::string shorten(std::string text) {
  constexpr std::size_t kShown = 200;
  if (text.size() <= kShown) return text;
  std::size_t size = kShown;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  text.resize(size);  // between two characters
  return text + "…";
}

std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool same(const Choice& choice, std::uint64_t hash, const Tree& value) {
  return choice.hash == hash && json::equal(choice.raw, value.raw);
}

std::string quoted(std::string_view name) { return "\"" + shorten(std::string(name)) + "\""; }

}  // namespace

void Evaluation::Marks::merge(const Marks& other) {
  for (std::size_t i = 0; i < parts.size(); ++i) parts[i] = parts[i] || other.parts[i];
}

void Evaluation::run(const Node& root, const Tree& instance) { evaluate(root, At{instance}); }

bool Evaluation::wrong(const At& at, std::string message) {
  if (!at.report || gave_up_ || issues_.size() >= issues_max_) return false;
  std::vector<const Path*> steps;
  for (const Path* step = at.path; step != nullptr; step = step->parent) steps.push_back(step);
  std::string pointer;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const Path& path = **step;
    pointer = json::pointer_to(pointer, path.is_index ? std::to_string(path.index) : path.key);
  }
  issues_.push_back({Code::kAnswerInvalid, {}, std::move(pointer), std::move(message)});
  return false;
}

bool Evaluation::wants_more(const At& at) const {
  return at.report && !gave_up_ && issues_.size() < issues_max_;
}

void Evaluation::give_up(std::string message) {
  if (gave_up_) return;
  gave_up_ = true;
  issues_.clear();  // with the work cut short, none of them can be relied upon
  issues_.push_back({Code::kAnswerInvalid, {}, {}, std::move(message)});
}

bool Evaluation::spend(std::size_t steps) {
  steps_ += steps;
  if (steps_ > kStepsMax) give_up("the schema takes too many steps for this value");
  return !gave_up_;
}

bool Evaluation::evaluate(const Node& node, At at) {
  if (!spend(1)) return false;
  if (depth_ >= kDepthMax) {
    give_up("$ref: the schema refers to itself without end");
    return false;
  }
  ++depth_;
  const Scope scope{node.resource, at.scope};
  if (at.scope == nullptr || at.scope->resource != node.resource) at.scope = &scope;
  const bool asks = node.unevaluated_items != nullptr || node.unevaluated_properties != nullptr;
  std::optional<Marks> own;
  if (asks && at.marks == nullptr) at.marks = &own.emplace(at.value);
  constexpr Check kChecks[] = {
      &Evaluation::check_constant, &Evaluation::check_type,       &Evaluation::check_choices,
      &Evaluation::check_number,   &Evaluation::check_string,     &Evaluation::check_array,
      &Evaluation::check_object,   &Evaluation::check_references, &Evaluation::check_combinations,
      &Evaluation::check_one_of,   &Evaluation::check_condition};
  bool valid = true;
  for (const Check check : kChecks) {
    valid = (this->*check)(node, at) && valid;
    if (!valid && !wants_more(at)) break;
  }
  // A part that failed has left no marks, so "unevaluated" would only repeat its issues.
  if (valid && asks) valid = check_unevaluated(node, at);
  --depth_;
  return valid && !gave_up_;
}

/// A schema beside others on the same value: what it has evaluated counts only if it is valid.
bool Evaluation::evaluate_in_place(const Node& node, const At& at) {
  if (at.marks == nullptr) return evaluate(node, at);
  Marks marks(at.value);
  if (!spend(marks.parts.size() / 64)) return false;
  At inner = at;
  inner.marks = &marks;
  if (!evaluate(node, inner)) return false;
  at.marks->merge(marks);
  return true;
}

bool Evaluation::evaluate_silently(const Node& node, const At& at) {
  At inner = at;
  inner.report = false;
  return evaluate_in_place(node, inner);
}

bool Evaluation::evaluate_part(const Node& node, const At& at, std::string_view why) {
  if (node.constant && !*node.constant) {
    return wrong(at, std::string(why) + ": nothing is allowed here");
  }
  return evaluate(node, at);
}

bool Evaluation::evaluate_element(const Node& node,
                                  const At& at,
                                  std::size_t index,
                                  std::string_view why) {
  const Path path{at.path, {}, index, true};
  if (at.marks != nullptr) at.marks->parts[index] = true;
  return evaluate_part(node, {at.value.elements[index], &path, at.scope, nullptr, at.report}, why);
}

bool Evaluation::evaluate_member(const Node& node,
                                 const At& at,
                                 std::size_t index,
                                 std::string_view why) {
  const auto& [key, value] = at.value.members[index];
  const Path path{at.path, key};
  if (at.marks != nullptr) at.marks->parts[index] = true;
  return evaluate_part(node, {value, &path, at.scope, nullptr, at.report}, why);
}

bool Evaluation::check_constant(const Node& node, const At& at) {
  return node.constant.value_or(true) || wrong(at, "false: nothing is allowed here");
}

bool Evaluation::check_type(const Node& node, const At& at) {
  if (node.types == 0) return true;
  const unsigned actual = type_bits(at.value);
  if ((node.types & actual) != 0) return true;
  const unsigned shown = at.value.kind == Kind::kNumber ? unsigned{kNumberBit} : actual;
  return wrong(at, "type: must be " + type_names(node.types) + ", is " + type_names(shown));
}

bool Evaluation::check_choices(const Node& node, const At& at) {
  if (!node.has_enum && !node.only) return true;
  const std::uint64_t hash = hash_of(at.value);
  bool valid = !node.only || same(*node.only, hash, at.value) ||
               wrong(at, "const: must be " + shorten(std::string(node.only->raw)));
  if (!node.has_enum) return valid;
  if (!spend(node.choices.size() / 64)) return false;
  for (const Choice& choice : node.choices) {
    if (same(choice, hash, at.value)) return valid;
  }
  std::string list;
  for (const Choice& c : node.choices) {
    if (list.size() > 200) break;
    list.append(list.empty() ? "" : ", ").append(c.raw);
  }
  return wrong(at, "enum: must be one of " + shorten(std::move(list)));
}

bool Evaluation::check_number(const Node& node, const At& at) {
  if (at.value.kind != Kind::kNumber) return true;
  const json::Decimal number(at.value.raw);
  bool valid = true;
  const auto require = [&](bool holds, std::string_view rule, const Bound& bound) {
    if (!holds) valid = wrong(at, std::string(rule) + shorten(std::string(bound.raw)));
  };
  if (node.minimum) {
    require(number >= node.minimum->exact, "minimum: must be at least ", *node.minimum);
  }
  if (node.maximum) {
    require(number <= node.maximum->exact, "maximum: must be at most ", *node.maximum);
  }
  if (const auto& bound = node.exclusive_minimum) {
    require(number > bound->exact, "exclusiveMinimum: must be more than ", *bound);
  }
  if (const auto& bound = node.exclusive_maximum) {
    require(number < bound->exact, "exclusiveMaximum: must be less than ", *bound);
  }
  if (const auto& bound = node.multiple_of) {
    const double approximate = json::as_double(at.value.raw).value_or(0);
    require(is_multiple_of(number, bound->exact, approximate, bound->approximate),
            "multipleOf: must be a multiple of ", *bound);
  }
  return valid;
}

/// `keywords` names the pair after its prefix: "Length" for minLength and maxLength.
bool Evaluation::check_range(const Range& range,
                             std::size_t count,
                             const At& at,
                             std::string_view keywords,
                             std::string_view what) {
  if (count >= range.min && count <= range.max) return true;
  const bool few = count < range.min;
  std::string message = few ? "min" : "max";
  message.append(keywords).append(few ? ": must have at least " : ": must have at most ");
  message.append(std::to_string(few ? range.min : range.max)).append(" ").append(what);
  return wrong(at, message.append(", has ").append(std::to_string(count)));
}

bool Evaluation::check_string(const Node& node, const At& at) {
  if (at.value.kind != Kind::kString) return true;
  const std::size_t length = count_code_points(at.value.string);
  bool valid = check_range(node.string_length, length, at, "Length", "characters");
  if (node.pattern && !node.pattern->pattern->found_in(at.value.string)) {
    valid = wrong(at, "pattern: must match " + shorten(node.pattern->source));
  }
  return valid;
}

bool Evaluation::check_array(const Node& node, const At& at) {
  if (at.value.kind != Kind::kArray) return true;
  const std::size_t count = at.value.elements.size();
  bool valid = check_range(node.items_count, count, at, "Items", "elements");
  if (node.unique_items) valid = check_unique(at) && valid;
  const std::size_t prefix = std::min(count, node.prefix_items.size());
  for (std::size_t i = 0; i < prefix && (valid || wants_more(at)); ++i) {
    valid = evaluate_element(*node.prefix_items[i], at, i, "prefixItems") && valid;
  }
  if (node.items != nullptr) {
    for (std::size_t i = prefix; i < count && (valid || wants_more(at)); ++i) {
      valid = evaluate_element(*node.items, at, i, "items") && valid;
    }
  }
  if (node.contains != nullptr && (valid || wants_more(at))) {
    valid = check_contains(node, at) && valid;
  }
  return valid;
}

bool Evaluation::check_contains(const Node& node, const At& at) {
  std::size_t matches = 0;
  for (std::size_t i = 0; i < at.value.elements.size() && !gave_up_; ++i) {
    const Path path{at.path, {}, i, true};
    if (!evaluate(*node.contains, {at.value.elements[i], &path, at.scope, nullptr, false})) {
      continue;
    }
    ++matches;
    if (at.marks != nullptr) at.marks->parts[i] = true;
  }
  if (matches == 0 && node.contains_count.min == 1) {
    return wrong(at, "contains: no element is as it must be");
  }
  return check_range(node.contains_count, matches, at, "Contains", "elements that match");
}

bool Evaluation::check_unique(const At& at) {
  const std::vector<Tree>& elements = at.value.elements;
  std::vector<std::pair<std::uint64_t, std::size_t>> order;
  order.reserve(elements.size());
  for (std::size_t i = 0; i < elements.size(); ++i) order.emplace_back(hash_of(elements[i]), i);
  std::sort(order.begin(), order.end());
  for (std::size_t i = 1; i < order.size(); ++i) {
    // Usually one step: other values with the same hash are chosen by someone, or rare.
    for (std::size_t j = i; j-- > 0 && order[j].first == order[i].first;) {
      if (!spend(1)) return false;
      if (!json::equal(elements[order[i].second].raw, elements[order[j].second].raw)) continue;
      return wrong(at, "uniqueItems: elements " + std::to_string(order[j].second) + " and " +
                           std::to_string(order[i].second) + " are equal");
    }
  }
  return true;
}

bool Evaluation::check_object(const Node& node, const At& at) {
  if (at.value.kind != Kind::kObject) return true;
  bool valid =
      check_range(node.properties_count, at.value.members.size(), at, "Properties", "properties");
  if (!spend(node.required.size() * at.value.members.size() / 16)) return false;
  for (const std::string& name : node.required) {
    if (at.value.find(name) != nullptr) continue;
    valid = wrong(at, "required: the property " + quoted(name) + " is missing");
  }
  if (valid || wants_more(at)) valid = check_members(node, at) && valid;
  if (valid || wants_more(at)) valid = check_dependents(node, at) && valid;
  return valid;
}

bool Evaluation::check_members(const Node& node, const At& at) {
  if (node.properties.empty() && node.pattern_properties.empty() &&
      node.additional_properties == nullptr && node.property_names == nullptr) {
    return true;
  }
  bool valid = true;
  for (std::size_t i = 0; i < at.value.members.size() && (valid || wants_more(at)); ++i) {
    if (!spend(1)) return false;
    valid = check_member(node, at, i) && valid;
  }
  return valid;
}

bool Evaluation::check_member(const Node& node, const At& at, std::size_t index) {
  const std::string& key = at.value.members[index].first;
  bool valid = true;
  bool covered = false;
  const auto property = std::lower_bound(
      node.properties.begin(), node.properties.end(), key,
      [](const auto& candidate, const std::string& wanted) { return candidate.first < wanted; });
  if (property != node.properties.end() && property->first == key) {
    covered = true;
    valid = evaluate_member(*property->second, at, index, "properties");
  }
  for (const PatternRule& rule : node.pattern_properties) {
    if (!spend(1)) return false;
    if (!rule.pattern->found_in(key)) continue;
    covered = true;
    valid = evaluate_member(*rule.schema, at, index, "patternProperties") && valid;
  }
  if (!covered && node.additional_properties != nullptr) {
    valid = evaluate_member(*node.additional_properties, at, index, "additionalProperties");
  }
  if (node.property_names != nullptr) {
    Tree name;
    name.kind = Kind::kString;
    name.string = key;
    const std::string raw = json::quote(key);
    name.raw = raw;
    if (!evaluate(*node.property_names, {name, nullptr, at.scope, nullptr, false})) {
      valid = wrong(at, "propertyNames: the name " + quoted(key) + " is not allowed");
    }
  }
  return valid;
}

bool Evaluation::check_dependents(const Node& node, const At& at) {
  bool valid = true;
  for (const auto& [name, needed] : node.dependent_required) {
    if (at.value.find(name) == nullptr) continue;
    for (const std::string& other : needed) {
      if (!spend(1)) return false;
      if (at.value.find(other) != nullptr) continue;
      valid = wrong(at, "dependentRequired: the property " + quoted(other) + " is missing, which " +
                            quoted(name) + " needs");
    }
  }
  for (const auto& [name, schema] : node.dependent_schemas) {
    if (!valid && !wants_more(at)) return false;
    if (at.value.find(name) != nullptr) valid = evaluate_in_place(*schema, at) && valid;
  }
  return valid;
}

bool Evaluation::check_references(const Node& node, const At& at) {
  bool valid = true;
  if (node.ref != nullptr) valid = evaluate_in_place(*node.ref, at);
  if (node.dynamic_ref == nullptr || (!valid && !wants_more(at))) return valid;
  const Node* target = node.dynamic_ref;
  if (!node.dynamic_anchor.empty()) {
    for (const Scope* scope = at.scope; scope != nullptr; scope = scope->outer) {
      const auto found = scope->resource->dynamic_anchors.find(node.dynamic_anchor);
      if (found != scope->resource->dynamic_anchors.end()) target = found->second;  // outermost
    }
  }
  return evaluate_in_place(*target, at) && valid;
}

bool Evaluation::check_combinations(const Node& node, const At& at) {
  bool valid = true;
  for (const Node* const part : node.all_of) {
    valid = evaluate_in_place(*part, at) && valid;
    if (!valid && !wants_more(at)) return false;
  }
  if (!node.any_of.empty()) {
    bool any = false;
    for (const Node* const part : node.any_of) {
      any = evaluate_silently(*part, at) || any;
      if (any && at.marks == nullptr) break;  // the others could only leave marks
    }
    if (!any) valid = wrong(at, "anyOf: none of the alternatives fits");
  }
  if (node.negated == nullptr) return valid;
  At inside = at;
  inside.marks = nullptr;
  inside.report = false;
  if (evaluate(*node.negated, inside)) valid = wrong(at, "not: this is excluded");
  return valid;
}

bool Evaluation::check_one_of(const Node& node, const At& at) {
  if (node.one_of.empty()) return true;
  std::size_t fitting = 0;
  for (const Node* const part : node.one_of) {
    if (evaluate_silently(*part, at) && ++fitting > 1) break;
  }
  if (fitting == 1) return true;
  return wrong(at, fitting == 0 ? "oneOf: none of the alternatives fits"
                                : "oneOf: more than one of the alternatives fits");
}

bool Evaluation::check_condition(const Node& node, const At& at) {
  if (node.condition == nullptr) return true;
  const Node* const branch =
      evaluate_silently(*node.condition, at) ? node.consequence : node.alternative;
  return branch == nullptr || evaluate_in_place(*branch, at);
}

bool Evaluation::check_unevaluated(const Node& node, const At& at) {
  bool valid = true;
  const auto each = [&](const Node* rule, std::size_t count, auto&& apply) {
    for (std::size_t i = 0; rule != nullptr && i < count && (valid || wants_more(at)); ++i) {
      if (!at.marks->parts[i]) valid = apply(*rule, i) && valid;
    }
  };
  each(node.unevaluated_items, at.value.elements.size(), [&](const Node& rule, std::size_t i) {
    return evaluate_element(rule, at, i, "unevaluatedItems");
  });
  each(node.unevaluated_properties, at.value.members.size(), [&](const Node& rule, std::size_t i) {
    return evaluate_member(rule, at, i, "unevaluatedProperties");
  });
  return valid;
}

}  // namespace troupe::schema
