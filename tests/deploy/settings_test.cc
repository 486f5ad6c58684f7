// Whatever deploy/ writes for a node to read must be a key that the node knows.
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>

#include "config/keys.h"
#include "tests/deploy/data_file.h"

namespace troupe::testing {
namespace {

bool is_text(const std::filesystem::path& path) {
  static const std::set<std::string> endings = {".sh",  ".service", ".conf", ".yaml", ".yml",
                                                ".tpl", ".txt",     ".md",   ".toml"};
  return endings.count(path.extension().string()) != 0 || path.filename() == "Containerfile";
}

TEST(Settings, EachVariableThatIsNamedIsAKey) {
  std::set<std::string> known;
  for (const config::Key& key : config::keys()) known.insert(config::environment_name(key.name));
  static const std::regex variable("TROUPE_[A-Z]+__[A-Z_]+");
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("deploy")) {
    if (!entry.is_regular_file() || !is_text(entry.path())) continue;
    const std::string text = read_text(entry.path().string());
    for (std::sregex_iterator it(text.begin(), text.end(), variable), end; it != end; ++it) {
      if (it->str() == "TROUPE_SECTION__KEY") continue;
      ++found;
      EXPECT_EQ(known.count(it->str()), 1u) << entry.path() << " names " << it->str();
    }
  }
  EXPECT_GE(found, 5u);
}

/// Lines of TOML inside other files: "[section]", then "key = …".
TEST(Settings, EachKeyThatIsWrittenForANodeIsOne) {
  static const std::regex header(R"(^\s*\[([a-z]+)\]$)");
  static const std::regex assignment(R"(^\s*([a-z_]+) = )");
  for (const std::string file : {"deploy/cluster.sh", "deploy/helm/troupe/templates/configmap.yaml",
                                 "deploy/guides/cluster.md"}) {
    std::istringstream lines(read_text(file));
    std::string section;
    std::size_t found = 0;
    for (std::string line; std::getline(lines, line);) {
      std::smatch match;
      if (std::regex_search(line, match, header)) {
        section = match[1].str();
      } else if (!section.empty() && std::regex_search(line, match, assignment)) {
        ++found;
        EXPECT_NE(config::find_key(section + "." + match[1].str()), nullptr)
            << file << ": " << section << "." << match[1].str();
      }
    }
    EXPECT_GE(found, 4u) << file;
  }
  const Json values = read_yaml("deploy/helm/troupe/values.yaml");
  for (const auto& [section, keys] : at(values, "/config").as_object()) {
    for (const auto& [key, value] : keys.as_object()) {
      const std::string name = std::string(section) + "." + std::string(key);
      EXPECT_NE(config::find_key(name), nullptr) << name;
    }
  }
}

}  // namespace
}  // namespace troupe::testing
