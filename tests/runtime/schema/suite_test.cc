#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>
#include <set>

#include "adapters/re2/pattern_compiler.h"
#include "runtime/json/tree.h"
#include "runtime/schema/schema.h"

// The public JSON Schema test suite for draft 2020-12, read from outside the repository. Each file
// is a list of schemas with values that are valid or not.
namespace troupe::schema {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNotRun = std::numeric_limits<std::size_t>::max();

fs::path corpus() {
  const char* const given = std::getenv("TROUPE_CORPORA");
  return fs::path(given != nullptr ? given : "../shared/corpora") / "json-schema";
}

json::Text read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  Result<json::Text> text = json::Text::parse({std::istreambuf_iterator<char>(file), {}});
  EXPECT_TRUE(text.ok()) << path;
  return text.ok() ? *text : json::Text();
}

/// The suite wants its remotes served at this address.
RemoteSchemas read_remotes() {
  RemoteSchemas remotes;
  const fs::path root = corpus() / "remotes";
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".json") continue;
    const std::string path = fs::relative(entry.path(), root).generic_string();
    remotes.emplace("http://localhost:1234/" + path, read(entry.path()));
  }
  return remotes;
}

std::size_t run_file(const fs::path& path, const RemoteSchemas& remotes) {
  const re2::Re2PatternCompiler patterns;
  const json::Text text = read(path);
  const json::Tree groups = json::parse_tree(text);
  std::size_t passed = 0;
  for (const json::Tree& group : groups.elements) {
    const std::string name = path.stem().string() + ": " + group.find("description")->string;
    const json::Text schema = json::Text::trusted(std::string(group.find("schema")->raw));
    const auto compiled = Schema::compile(schema, patterns, &remotes);
    EXPECT_TRUE(compiled.ok()) << name << ": " << compiled.error().message;
    if (!compiled.ok()) continue;
    for (const json::Tree& test : group.find("tests")->elements) {
      const std::vector<Issue> issues = (*compiled)->validate(test.find("data")->raw);
      const bool expected = test.find("valid")->raw == "true";
      EXPECT_EQ(issues.empty(), expected) << name << ": " << test.find("description")->string
                                          << (issues.empty() ? "" : "\n" + issues[0].message);
      passed += issues.empty() == expected ? 1 : 0;
      // Asking for one issue takes the short cuts; the verdict must not change.
      EXPECT_EQ((*compiled)->validate(test.find("data")->raw, 1).empty(), expected) << name;
    }
  }
  return passed;
}

/// Runs a folder of the suite, says how much that was, and returns how many tests passed.
std::size_t run_folder(const char* name, const std::set<std::string>& without) {
  const fs::path folder = corpus() / name;
  if (!fs::is_directory(folder)) {
    std::cerr << "NOT RUN: the JSON Schema suite, no folder " << folder << "\n";
    return kNotRun;
  }
  const RemoteSchemas remotes = read_remotes();
  std::size_t files = 0;
  std::size_t passed = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    if (without.contains(entry.path().stem())) continue;
    ++files;
    passed += run_file(entry.path(), remotes);
  }
  std::cerr << name << ": " << files << " files, " << passed << " tests as expected\n";
  return passed;
}

TEST(SchemaSuite, EveryRequiredTestOfDraft2020Passes) {
  EXPECT_GT(run_folder("tests/draft2020-12", {}), 1200u);
}

/// Without what Troupe does not offer: references between drafts, and `format` as an assertion.
TEST(SchemaSuite, OptionalTestsOfDraft2020PassButForTwoFiles) {
  EXPECT_GT(run_folder("tests/draft2020-12/optional", {"cross-draft", "format-assertion"}), 100u);
}

}  // namespace
}  // namespace troupe::schema
