// The security checklist and what it speaks of must agree: each requirement stands there once, the
// counts are those of the rows, and each file and test that is named is where it is said to be.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "tests/tidy/source_tree.h"

namespace troupe::tidy {
namespace {

constexpr const char* kFolder = "deploy/security";
constexpr const char* kPage = "deploy/security/asvs.md";
constexpr const char* kIds = "deploy/security/asvs-5.0.0-ids.txt";
constexpr std::array<std::string_view, 3> kStandings = {"met", "not applicable", "not met"};

/// One requirement as the page has it.
struct Row {
  std::size_t line = 0;
  std::string id;
  std::string standing;
};
/// How many rows stand how, in the order of `kStandings`.
using Counts = std::array<std::size_t, kStandings.size()>;

std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells;
  if (line.substr(0, 2) != "| ") return cells;
  line.remove_prefix(2);
  for (std::size_t end = line.find(" |"); end != std::string_view::npos; end = line.find(" |")) {
    cells.emplace_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 3, line.size()));
  }
  return cells;
}

/// "12.3.1"; nothing that only begins so.
bool is_id(const std::string& text) {
  static const std::regex form("[0-9]+\\.[0-9]+\\.[0-9]+");
  return std::regex_match(text, form);
}

std::vector<Row> rows_of(const File& page) {
  std::vector<Row> rows;
  std::size_t number = 0;
  for (const std::string_view line : page.lines()) {
    ++number;
    const auto cells = cells_of(line);
    if (cells.size() == 4 && is_id(cells[0])) rows.push_back({number, cells[0], cells[2]});
  }
  return rows;
}

std::size_t place_of(const std::string& standing) {
  const auto* const at = std::find(kStandings.begin(), kStandings.end(), standing);
  return static_cast<std::size_t>(at - kStandings.begin());
}

/// Each number of the list once, none beside them, and each with a standing.
Findings check_rows(const std::string& ids, const File& page) {
  Findings findings;
  std::map<std::string, std::size_t> wanted;
  std::istringstream lines(ids);
  std::string id;
  std::string level;
  while (lines >> id >> level) {
    const bool is_new = wanted.emplace(id, 0).second;
    if (!is_new || !is_id(id) || (level != "1" && level != "2")) {
      findings.push_back(std::string(kIds) + ": \"" + id + " " + level + "\"");
    }
  }
  if (wanted.empty()) findings.push_back(std::string(kIds) + " names no requirement");
  for (const Row& row : rows_of(page)) {
    const auto at = wanted.find(row.id);
    if (at == wanted.end())
      note(&findings, page, row.line, row.id + " is not in the list");
    else if (++at->second > 1)
      note(&findings, page, row.line, row.id + " is there already");
    if (place_of(row.standing) == kStandings.size()) {
      note(&findings, page, row.line, "\"" + row.standing + "\" is no standing");
    }
  }
  for (const auto& [missing, times] : wanted) {
    if (times == 0) findings.push_back(page.path + " says nothing of " + missing);
  }
  return findings;
}

/// The rows of the summary: "| 3. Name | met | not applicable | not met |", and "all".
Findings check_counts(const File& page) {
  std::map<std::string, Counts> counted;
  for (const Row& row : rows_of(page)) {
    const std::size_t place = place_of(row.standing);
    if (place == kStandings.size()) continue;
    ++counted[row.id.substr(0, row.id.find('.'))][place];
    ++counted["all"][place];
  }
  Findings findings;
  std::size_t number = 0;
  for (const std::string_view line : page.lines()) {
    ++number;
    const auto cells = cells_of(line);
    if (cells.size() != 4 || is_id(cells[0])) continue;
    const std::string chapter = cells[0].substr(0, cells[0].find('.'));
    const auto at = counted.find(chapter);
    if (at == counted.end()) continue;
    for (std::size_t i = 0; i < kStandings.size(); ++i) {
      const std::string count = std::to_string(at->second[i]);
      if (cells[i + 1] == count) continue;
      note(&findings, page, number, count + " are " + std::string(kStandings[i]));
    }
    counted.erase(at);
  }
  for (const auto& [chapter, counts] : counted) {
    findings.push_back(page.path + " does not count " + chapter);
  }
  return findings;
}

/// Whatever is not met has its line "- 1.2.3 (level 1), …" among what would mend it, and nothing
/// else has one.
Findings check_mends(const File& page) {
  std::set<std::string> open;
  for (const Row& row : rows_of(page)) {
    if (row.standing == "not met") open.insert(row.id);
  }
  Findings findings;
  std::size_t number = 0;
  for (const std::string_view line : page.lines()) {
    ++number;
    if (line.substr(0, 2) != "- ") continue;
    const std::string id(line.substr(2, line.find(' ', 2) - 2));
    if (is_id(id) && open.erase(id) == 0) {
      note(&findings, page, number, id + " is met, does not apply, or has its line already");
    }
  }
  for (const std::string& id : open) findings.push_back(page.path + " mends no " + id);
  return findings;
}

std::vector<std::string> spans_of(std::string_view line) {
  std::vector<std::string> spans;
  for (std::size_t begin = line.find('`'); begin != std::string_view::npos;) {
    const std::size_t end = line.find('`', begin + 1);
    if (end == std::string_view::npos) break;
    spans.emplace_back(line.substr(begin + 1, end - begin - 1));
    begin = line.find('`', end + 1);
  }
  return spans;
}

/// A path from the root, or the name of a file at the root or beside the page.
bool is_path(const std::string& span) {
  static const std::regex form(
      "(runtime|actors|adapters|config|deploy|bench|tests|cmake)/[A-Za-z0-9_./-]*"
      "|[A-Za-z0-9_.-]+\\.(cc|h|inc|md|txt|sh|toml|yaml)");
  return std::regex_match(span, form);
}

bool is_there(const std::string& path) {
  return std::filesystem::exists(path) ||
         std::filesystem::exists(std::filesystem::path(kFolder) / path);
}

/// "Suite.Name" of a test that one of these files defines.
bool is_defined(const Tree& tree, const std::set<std::string>& paths, const std::string& test) {
  const std::size_t dot = test.find('.');
  const std::regex head("TEST(_F|_P)?\\(\\s*" + test.substr(0, dot) + ",\\s*" +
                        test.substr(dot + 1) + "\\s*\\)");
  return std::any_of(tree.begin(), tree.end(), [&](const File& file) {
    return paths.count(file.path) != 0 && std::regex_search(file.text, head);
  });
}

/// Files exist; a test is defined in a file that the same line names.
Findings check_places(const Tree& tree, const File& page) {
  static const std::regex test_name("[A-Z][A-Za-z0-9]*\\.[A-Z][A-Za-z0-9]*");
  Findings findings;
  std::size_t number = 0;
  for (const std::string_view line : page.lines()) {
    ++number;
    std::set<std::string> paths;
    std::vector<std::string> tests;
    for (const std::string& span : spans_of(line)) {
      if (std::regex_match(span, test_name)) tests.push_back(span);
      if (!is_path(span)) continue;
      paths.insert(span);
      if (!is_there(span)) note(&findings, page, number, span + " does not exist");
    }
    for (const std::string& test : tests) {
      if (is_defined(tree, paths, test)) continue;
      note(&findings, page, number, test + " is in no file that is named beside it");
    }
  }
  return findings;
}

std::string text_of_ids() {
  std::ifstream in(kIds, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

File page_of(const Tree& tree) {
  const auto at =
      std::find_if(tree.begin(), tree.end(), [](const File& file) { return file.path == kPage; });
  return at == tree.end() ? File{kPage, ""} : *at;
}

TEST(SecurityChecklist, HasEachRequirementOnce) {
  const Findings findings = check_rows(text_of_ids(), page_of(read_tree()));
  EXPECT_TRUE(findings.empty()) << join(findings);
}

TEST(SecurityChecklist, CountsAndMendsAreThoseOfItsRows) {
  const File page = page_of(read_tree());
  Findings findings = check_counts(page);
  for (const std::string& finding : check_mends(page)) findings.push_back(finding);
  EXPECT_TRUE(findings.empty()) << join(findings);
}

TEST(SecurityChecklist, WhatItNamesIsThere) {
  const Tree tree = read_tree();
  const Findings findings = check_places(tree, page_of(tree));
  EXPECT_TRUE(findings.empty()) << join(findings);
}

TEST(SecurityChecklist, MissingDoubledAndForeignRequirementsAreFound) {
  const std::string ids = "1.1.1 2\n1.1.2 1\n";
  const std::string one = "| 1.1.1 | a | met | b |\n";
  const std::string two = "| 1.1.2 | a | not met | b |\n";
  EXPECT_EQ(check_rows(ids, {kPage, one + two}).size(), 0u);
  EXPECT_EQ(check_rows(ids, {kPage, one}).size(), 1u);
  EXPECT_EQ(check_rows(ids, {kPage, one + two + two}).size(), 1u);
  EXPECT_EQ(check_rows(ids, {kPage, one + two + "| 9.9.9 | a | met | b |\n"}).size(), 1u);
  EXPECT_EQ(check_rows(ids, {kPage, one + "| 1.1.2 | a | nearly met | b |\n"}).size(), 1u);
  EXPECT_EQ(check_rows("1.1.1 3\n", {kPage, one}).size(), 1u);
  EXPECT_EQ(check_rows("", {kPage, ""}).size(), 1u);
}

TEST(SecurityChecklist, WrongCountsAndMendsAreFound) {
  const std::string rows = "| 1.1.1 | a | met | b |\n| 1.1.2 | a | not met | b |\n";
  const std::string all = "| all | 1 | 0 | 1 |\n";
  EXPECT_EQ(check_counts({kPage, "| 1. Name | 1 | 0 | 1 |\n" + all + rows}).size(), 0u);
  EXPECT_EQ(check_counts({kPage, "| 1. Name | 2 | 0 | 1 |\n" + all + rows}).size(), 1u);
  EXPECT_EQ(check_counts({kPage, all + rows}).size(), 1u);
  EXPECT_EQ(check_mends({kPage, "- 1.1.2 (level 1), a: b.\n" + rows}).size(), 0u);
  EXPECT_EQ(check_mends({kPage, rows}).size(), 1u);
  EXPECT_EQ(check_mends({kPage, "- 1.1.1 (level 2), a.\n- 1.1.2 (level 1), a.\n" + rows}).size(),
            1u);
}

TEST(SecurityChecklist, FilesAndTestsThatAreGoneAreFound) {
  const Tree tree = {{"tests/tidy/security_test.cc", "TEST_F(Some,\n       Thing) {}\n"}};
  const auto found = [&tree](const std::string& line) {
    return check_places(tree, {kPage, line + "\n"}).size();
  };
  EXPECT_EQ(found("| 1.1.1 | a | met | `Some.Thing` in `tests/tidy/security_test.cc` |"), 0u);
  EXPECT_EQ(found("| 1.1.1 | a | met | `Some.Other` in `tests/tidy/security_test.cc` |"), 1u);
  EXPECT_EQ(found("| 1.1.1 | a | met | `Some.Thing` |"), 1u);
  EXPECT_EQ(found("| 1.1.1 | a | met | `tests/tidy/no_such_file.cc` |"), 1u);
  EXPECT_EQ(found("- `no-such-page.md`, `README.md`, `/v1/nothing`, `kNothing`"), 1u);
}

}  // namespace
}  // namespace troupe::tidy
