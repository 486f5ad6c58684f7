#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/json/read.h"
#include "runtime/json/text.h"

namespace troupe::json {

/// A parsed document for code that looks at every part of it (graph parser, JSON Schema). Views
/// point into the Text that it was parsed from and must not outlive it.
struct Tree {
  // Declared, since clang 14 cannot derive them for a type that holds pairs of itself.
  Tree();
  ~Tree();
  Tree(const Tree&);
  Tree(Tree&&) noexcept;
  Tree& operator=(const Tree&);
  Tree& operator=(Tree&&) noexcept;

  Kind kind = Kind::kNull;
  std::string_view raw;                               ///< the value's own bytes
  std::size_t offset = 0;                             ///< of `raw` in the document
  std::string string;                                 ///< decoded, if a string
  std::vector<std::pair<std::string, Tree>> members;  ///< in order, if an object
  std::vector<Tree> elements;                         ///< if an array

  /// The member of an object with this key, or null.
  const Tree* find(std::string_view key) const;
};

/// Never fails: the text has been validated.
Tree parse_tree(const Text& text);
/// The same for a part of valid text; offsets count from its start.
Tree parse_tree(std::string_view value);

/// Appends "/segment" with the escapes of RFC 6901.
std::string pointer_to(std::string_view parent, std::string_view segment);

}  // namespace troupe::json
