// Registries and their uses must agree: error codes and their pages, metric names and their uses,
// links in documents and the files that they name.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>

#include "tests/tidy/source_tree.h"

namespace troupe::tidy {
namespace {

const std::string* text_of(const Tree& tree, const std::string& path) {
  for (const File& file : tree) {
    if (file.path == path) return &file.text;
  }
  return nullptr;
}

/// The first group of each match.
std::set<std::string> matches(const std::string& text, const std::string& pattern) {
  std::set<std::string> found;
  const std::regex wanted(pattern);
  for (std::sregex_iterator it(text.begin(), text.end(), wanted), end; it != end; ++it) {
    found.insert((*it)[1].str());
  }
  return found;
}

Findings check_error_pages(const Tree& tree) {
  Findings findings;
  const std::string* registry = text_of(tree, "runtime/base/error.h");
  if (registry == nullptr) return {"runtime/base/error.h is missing"};
  const auto codes = matches(*registry, "X\\(k[A-Za-z]+, \"([A-Za-z_]+)\"");
  if (codes.empty()) return {"runtime/base/error.h names no codes"};
  std::set<std::string> pages;
  for (const File& file : tree) {
    if (file.folder() != "deploy/errors" || !file.is_document()) continue;
    const std::string name = std::filesystem::path(file.path).stem().string();
    if (name == "README") continue;
    pages.insert(name);
    if (codes.count(name) == 0) findings.push_back(file.path + " explains a code that is none");
  }
  for (const std::string& code : codes) {
    if (pages.count(code) == 0) findings.push_back("deploy/errors/" + code + ".md is missing");
  }
  return findings;
}

Findings check_metric_names(const Tree& tree) {
  const std::string* registry = text_of(tree, "adapters/metrics/names.cc");
  if (registry == nullptr) return {"adapters/metrics/names.cc is missing"};
  const auto known = matches(*registry, "\\{k[A-Z][a-z]+, \"([a-z_]+)\"");
  Findings findings;
  for (const File& file : tree) {
    if (!file.is_code() || file.layer() == "tests" || file.layer() == "bench") continue;
    const auto used =
        matches(blank_comments(file.text), "\\.(?:counter|gauge|histogram)\\(\\s*\"([^\"]*)\"");
    for (const std::string& name : used) {
      if (known.count(name) == 0)
        findings.push_back(file.path + " uses the unknown metric " + name);
    }
  }
  return findings;
}

/// Links between files of the repository: [text](path).
Findings check_links(const Tree& tree) {
  Findings findings;
  for (const File& file : tree) {
    if (!file.is_document()) continue;
    for (const std::string& link : matches(file.text, "\\]\\(([^)#:\\s]+)(?:#[^)]*)?\\)")) {
      const auto target = std::filesystem::path(file.folder()) / link;
      if (!std::filesystem::exists(target)) {
        findings.push_back(file.path + " links to " + link + ", which does not exist");
      }
    }
  }
  return findings;
}

TEST(Registry, EachErrorCodeHasItsPage) {
  const Findings findings = check_error_pages(read_tree());
  EXPECT_TRUE(findings.empty()) << join(findings);
}

TEST(Registry, EachMetricThatIsUsedIsRegistered) {
  const Findings findings = check_metric_names(read_tree());
  EXPECT_TRUE(findings.empty()) << join(findings);
}

TEST(Registry, EachLinkLeadsSomewhere) {
  const Findings findings = check_links(read_tree());
  EXPECT_TRUE(findings.empty()) << join(findings);
}

TEST(Registry, MissingAndSurplusErrorPagesAreFound) {
  const File registry{"runtime/base/error.h", "X(kLost, \"lost\", 500, false, \"Lost\")"};
  EXPECT_EQ(check_error_pages({registry, {"deploy/errors/lost.md", ""}}).size(), 0u);
  EXPECT_EQ(check_error_pages({registry, {"deploy/errors/found.md", ""}}).size(), 2u);
}

TEST(Registry, UnknownMetricsAreFound) {
  const File registry{"adapters/metrics/names.cc", "{kCounter, \"runs_total\", \"\"}"};
  const File good{"actors/a.cc", "m.counter(\"runs_total\")"};
  const File bad{"actors/b.cc", "m.histogram(\n    \"run_total\")"};
  EXPECT_EQ(check_metric_names({registry, good}).size(), 0u);
  EXPECT_EQ(check_metric_names({registry, good, bad}).size(), 1u);
}

TEST(Registry, DeadLinksAreFound) {
  EXPECT_EQ(check_links({{"tests/a.md", "[x](no/such/file.md) [y](https://a.b/c) [z](#z)"}}).size(),
            1u);
}

}  // namespace
}  // namespace troupe::tidy
