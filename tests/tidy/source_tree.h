#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe::tidy {

/// One text file of the repository.
struct File {
  std::string path;  ///< from the repository's root
  std::string text;

  std::vector<std::string_view> lines() const;
  /// The folder that a rule about layers speaks of: "runtime", "adapters/http", "deploy/troupe" ….
  std::string layer() const;
  std::string folder() const;
  bool is_code() const;  ///< C++
  bool is_header() const;
  bool is_build() const;     ///< CMake
  bool is_document() const;  ///< Markdown
};

using Tree = std::vector<File>;

/// Every text file of the project, sorted by path. The working directory is the repository's root.
Tree read_tree();

/// Text of C++ with comments and the insides of literals blanked; line breaks stay where they are.
std::string blank_comments_and_literals(std::string_view code);
/// Text of C++ with comments alone blanked.
std::string blank_comments(std::string_view code);

/// A violation, for people: "path:line: what is wrong".
using Findings = std::vector<std::string>;
void note(Findings* findings, const File& file, std::size_t line, const std::string& what);
/// One finding per line.
std::string join(const Findings& findings);

}  // namespace troupe::tidy
