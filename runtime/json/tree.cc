#include "runtime/json/tree.h"

#include "runtime/json/scan.h"
#include "runtime/json/unescape.h"

namespace troupe::json {

namespace {

/// As deep a recursion as the text is nested, which parsing has bounded.
Tree build(std::string_view value, const char* document) {
  Tree tree;
  tree.kind = kind(value);
  tree.raw = value;
  tree.offset = static_cast<std::size_t>(value.data() - document);
  if (tree.kind == Kind::kString) {
    tree.string = decode_string(value);
  } else if (tree.kind == Kind::kArray) {
    scan::each_element(value, [&](std::string_view element) {
      tree.elements.push_back(build(element, document));
      return true;
    });
  } else if (tree.kind == Kind::kObject) {
    scan::each_member(value, [&](std::string_view body, std::string_view member) {
      std::string key;
      append_unescaped(key, body);
      tree.members.emplace_back(std::move(key), build(member, document));
      return true;
    });
  }
  return tree;
}

}  // namespace

Tree::Tree() = default;
Tree::~Tree() = default;
Tree::Tree(const Tree&) = default;
Tree::Tree(Tree&&) noexcept = default;
Tree& Tree::operator=(const Tree&) = default;
Tree& Tree::operator=(Tree&&) noexcept = default;

const Tree* Tree::find(std::string_view key) const {
  for (const auto& [name, value] : members) {
    if (name == key) return &value;
  }
  return nullptr;
}

Tree parse_tree(const Text& text) { return parse_tree(text.view()); }

Tree parse_tree(std::string_view value) {
  const std::string_view trimmed = trim(value);
  return trimmed.empty() ? Tree() : build(trimmed, value.data());
}

std::string pointer_to(std::string_view parent, std::string_view segment) {
  std::string pointer;
  pointer.reserve(parent.size() + segment.size() + 1);
  pointer += parent;
  pointer += '/';
  for (const char c : segment) {
    if (c == '~')
      pointer += "~0";
    else if (c == '/')
      pointer += "~1";
    else
      pointer += c;
  }
  return pointer;
}

}  // namespace troupe::json
