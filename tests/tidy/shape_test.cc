// Sizes that keep code readable: lines, functions, files, and a README per folder.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/tidy/source_tree.h"

namespace troupe::tidy {
namespace {

constexpr std::size_t kColumnsMax = 100;
constexpr std::size_t kBuildColumnsMax = 105;     // a list of compiler flags reads better unbroken
constexpr std::size_t kDocumentColumnsMax = 140;  // sentences may stand on a line each
constexpr std::size_t kFunctionLinesMax = 70;
constexpr std::size_t kFileLinesMax = 600;
constexpr std::size_t kReadmeLinesMax = 25;

/// Code points, as a person counts columns.
std::size_t columns(std::string_view line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

Findings check_lines(const Tree& tree) {
  Findings findings;
  for (const File& file : tree) {
    const bool is_code = file.is_code() || file.is_build();
    if (!is_code && !file.is_document()) continue;
    const std::size_t columns_max = file.is_code()    ? kColumnsMax
                                    : file.is_build() ? kBuildColumnsMax
                                                      : kDocumentColumnsMax;
    bool is_fenced = false;
    std::size_t number = 0;
    for (const std::string_view line : file.lines()) {
      ++number;
      if (!is_code && line.substr(0, 3) == "```") is_fenced = !is_fenced;
      if (!is_code && (is_fenced || line.substr(0, 1) == "|")) continue;
      const std::size_t width = columns(line);
      if (width > columns_max) {
        note(&findings, file, number, std::to_string(width) + " columns");
      }
    }
    if (is_code && number > kFileLinesMax) note(&findings, file, number, "the file is too long");
  }
  return findings;
}

/// Finds the functions of a file: braces in a namespace or class behind something with parentheses.
class Functions {
 public:
  explicit Functions(const File& file) : file_(file), code_(without_directives(file.text)) {}

  Findings longer_than(std::size_t lines_max) {
    Findings findings;
    for (; at_ < code_.size(); ++at_) {
      const char c = code_[at_];
      if (c == '\n') ++line_;
      if (c == '{')
        open(lines_max, &findings);
      else if (c == ';' || c == '}')
        header_.clear();
      else if (!header_.empty() || std::isspace(static_cast<unsigned char>(c)) == 0)
        grow(c);
    }
    return findings;
  }

 private:
  /// A macro's body has braces of its own.
  static std::string without_directives(const std::string& text) {
    std::string code = blank_comments_and_literals(text);
    bool is_directive = false;
    for (std::size_t begin = 0; begin < code.size();) {
      const std::size_t end = std::min(code.find('\n', begin), code.size());
      is_directive = is_directive || code[begin] == '#';
      const bool goes_on = end > begin && code[end - 1] == '\\';
      if (is_directive) std::fill(code.begin() + begin, code.begin() + end, ' ');
      is_directive = is_directive && goes_on;
      begin = end + 1;
    }
    return code;
  }
  void grow(char c) {
    if (header_.empty()) first_line_ = line_;
    header_ += c;
  }
  bool says(std::string_view word) const {
    const std::size_t found = header_.find(word);
    if (found == std::string::npos) return false;
    const auto is_letter = [this](std::size_t i) {
      return i < header_.size() &&
             (std::isalnum(static_cast<unsigned char>(header_[i])) != 0 || header_[i] == '_');
    };
    return (found == 0 || !is_letter(found - 1)) && !is_letter(found + word.size());
  }
  void open(std::size_t lines_max, Findings* findings) {
    const std::size_t last = header_.find_last_not_of(" \n");
    const char before = last == std::string::npos ? '\0' : header_[last];
    const bool has_list = header_.find('(') != std::string::npos;
    const bool is_scope = says("namespace") || says("class") || says("struct") || says("union");
    if (is_scope && !(has_list && before == ')')) {
      header_.clear();
      return;
    }
    // "Name() : member_{…}" goes on behind the member's brace.
    const bool is_member =
        header_.find(") :") != std::string::npos && before != ')' && before != '}';
    const std::size_t began = first_line_;
    skip_block();
    if (is_member) {
      header_ += "{}";
      return;
    }
    const bool is_function = has_list && before != '=' && before != '(' && before != ',';
    if (is_function && line_ - began + 1 > lines_max) {
      note(findings, file_, began, "a function of " + std::to_string(line_ - began + 1) + " lines");
    }
    header_.clear();
  }
  void skip_block() {
    for (int depth = 0; at_ < code_.size(); ++at_) {
      if (code_[at_] == '\n') ++line_;
      if (code_[at_] == '{') ++depth;
      if (code_[at_] == '}' && --depth == 0) return;
    }
  }

  const File& file_;
  const std::string code_;
  std::string header_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t first_line_ = 1;
};

Findings check_functions(const Tree& tree) {
  Findings findings;
  for (const File& file : tree) {
    if (!file.is_code()) continue;
    const Findings found = Functions(file).longer_than(kFunctionLinesMax);
    findings.insert(findings.end(), found.begin(), found.end());
  }
  return findings;
}

/// Every folder with sources has a README; the folders of one role share that of their parent.
Findings check_readmes(const Tree& tree) {
  std::set<std::string> folders;
  std::map<std::string, const File*> readmes;
  for (const File& file : tree) {
    const std::string folder = file.folder();
    const std::string top = folder.substr(0, folder.find('/'));
    const bool counts = top == "runtime" || top == "actors" || top == "adapters" ||
                        top == "config" || top == "bench" || folder == "deploy/troupe";
    if (counts && file.is_code()) folders.insert(folder);
    if (file.path == folder + "/README.md") readmes[folder] = &file;
  }
  Findings findings;
  for (const std::string& folder : folders) {
    const std::string top = folder.substr(0, folder.find('/'));
    const bool is_shared = top == "actors" || top == "bench";
    if (readmes.count(is_shared ? top : folder) == 0)
      findings.push_back(folder + " has no README.md");
  }
  for (const auto& [folder, readme] : readmes) {
    // The actor map names every queue and its limit, and is looked up rather than read.
    if (folder == "actors") continue;
    if (readme->lines().size() > kReadmeLinesMax) note(&findings, *readme, 1, "is too long");
  }
  return findings;
}

std::string repeat(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST(Shape, LinesAndFilesKeepTheirSize) {
  const Findings findings = check_lines(read_tree());
  EXPECT_TRUE(findings.empty()) << join(findings);
}

TEST(Shape, FunctionsKeepTheirSize) {
  const Findings findings = check_functions(read_tree());
  EXPECT_TRUE(findings.empty()) << join(findings);
}

TEST(Shape, EachFolderSaysWhatItIs) {
  const Findings findings = check_readmes(read_tree());
  EXPECT_TRUE(findings.empty()) << join(findings);
}

TEST(Shape, LongLinesAndFilesAreFound) {
  EXPECT_EQ(check_lines({{"a.cc", std::string(101, 'x')}}).size(), 1u);
  EXPECT_EQ(check_lines({{"a.cc", repeat("ä", 100)}}).size(), 0u);
  EXPECT_EQ(check_lines({{"a.cc", repeat("x\n", 601)}}).size(), 1u);
  const std::string wide = std::string(200, 'x') + "\n";
  EXPECT_EQ(check_lines({{"a.md", wide + "```\n" + wide + "```\n|" + wide}}).size(), 1u);
}

TEST(Shape, LongFunctionsAreFoundWhereverTheyStand) {
  const std::string body = "{\n" + repeat("  f(\"}\");\n", 70) + "}\n";
  const std::string brief = "{\n" + repeat("  f('{');\n", 60) + "}\n";
  const auto found = [](const std::string& text) {
    return check_functions({{"a.cc", text}}).size();
  };
  EXPECT_EQ(found("void a() " + body), 1u);
  EXPECT_EQ(found("void a() " + brief + "void b() " + brief), 0u);
  EXPECT_EQ(found("namespace n {\nclass C {\n  C() : a_{1}, b_(2) " + body + "};\n}\n"), 1u);
  EXPECT_EQ(found("TEST(A, B) " + body), 1u);
  EXPECT_EQ(found("constexpr Row kRows[] = " + body + ";"), 0u);
  EXPECT_EQ(found("class C {\n" + repeat("  void f();\n", 90) + "};\n"), 0u);
}

TEST(Shape, MissingAndLongReadmesAreFound) {
  EXPECT_EQ(check_readmes({{"adapters/x/a.cc", ""}}).size(), 1u);
  EXPECT_EQ(check_readmes({{"adapters/x/a.cc", ""}, {"adapters/x/README.md", "# x\n"}}).size(), 0u);
  EXPECT_EQ(check_readmes({{"actors/README.md", "# a\n"}, {"actors/run/a.cc", ""}}).size(), 0u);
  EXPECT_EQ(check_readmes({{"config/README.md", repeat("x\n", 26)}}).size(), 1u);
}

}  // namespace
}  // namespace troupe::tidy
