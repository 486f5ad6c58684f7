// Which layer may include what. Links enforce it between targets; this reads the includes as well,
// because a header alone needs no link.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/tidy/source_tree.h"

namespace troupe::tidy {
namespace {

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

/// A library and the only layers that know it; tests and benches may use all.
struct Library {
  std::string_view headers;  ///< how its includes begin
  std::vector<std::string_view> layers;
};
const Library kLibraries[] = {
    {"simdjson.h", {"runtime"}},
    {"emmintrin.h", {"runtime"}},
    {"caf/", {"actors"}},
    {"sqlite3.h", {"adapters/sqlite"}},
    {"libpq-fe.h", {"adapters/postgres"}},
    {"nats/", {"adapters/nats"}},
    {"openssl/", {"adapters/http", "adapters/nats", "adapters/oidc"}},
    {"curl/", {"adapters/egress", "adapters/mail"}},
    {"zstd.h", {"adapters/sqlite"}},
    {"boost/asio", {"adapters/http"}},
    {"boost/beast", {"adapters/http"}},
    {"lua.hpp", {"adapters/lua_sandbox"}},
    {"seccomp.h", {"adapters/lua_sandbox"}},
    {"prometheus/", {"adapters/metrics"}},
    {"re2/", {"adapters/re2"}},
    {"sodium.h", {"adapters/system", "adapters/vault"}},
    {"spdlog/", {"adapters/system"}},
    {"toml++/", {"config"}},
    {"CLI/", {"deploy/troupe"}},
};
/// The standard library as far as it reaches outside the process or makes threads.
constexpr std::string_view kImpure[] = {
    "thread", "mutex",      "shared_mutex", "condition_variable",
    "future", "filesystem", "fstream",      "iostream"};

bool knows_all(const std::string& layer) {
  return layer == "tests" || layer == "bench" || layer == "deploy/troupe";
}

bool may_include_own(const std::string& layer, std::string_view header) {
  if (knows_all(layer)) return true;
  if (starts_with(header, "runtime/") || starts_with(header, layer + "/")) return true;
  const bool is_options = header.size() > 10 && header.substr(header.size() - 10) == "/options.h";
  return layer == "config" && is_options;
}

/// Nothing, or what is wrong about it.
std::string judge_library(const std::string& layer, std::string_view header) {
  if (layer == "tests" || layer == "bench") return "";
  for (const Library& library : kLibraries) {
    if (!starts_with(header, library.headers)) continue;
    const auto& layers = library.layers;
    if (std::find(layers.begin(), layers.end(), layer) != layers.end()) return "";
    return "<" + std::string(header) + "> belongs to " + std::string(layers.front());
  }
  const bool is_standard = header.find_first_of("./") == std::string_view::npos;
  const bool is_pure = layer == "runtime" || layer == "actors";
  if (!is_standard && is_pure) return "<" + std::string(header) + "> reaches outside";
  const bool is_impure =
      std::find(std::begin(kImpure), std::end(kImpure), header) != std::end(kImpure);
  if (is_impure && layer == "runtime") return "runtime/ is pure: no <" + std::string(header) + ">";
  // What is left has to be the operating system's: those are all C headers.
  const bool is_system = header.size() > 2 && header.substr(header.size() - 2) == ".h";
  return is_standard || is_system ? "" : "<" + std::string(header) + "> has no owner in kLibraries";
}

Findings check_layers(const Tree& tree) {
  Findings findings;
  for (const File& file : tree) {
    if (!file.is_code()) continue;
    const std::string layer = file.layer();
    std::size_t number = 0;
    for (const std::string_view line : file.lines()) {
      ++number;
      if (!starts_with(line, "#include ") || line.size() < 11) continue;
      const char close = line[9] == '<' ? '>' : '"';
      const std::string_view header = line.substr(10, line.find(close, 10) - 10);
      if (close == '>') {
        const std::string wrong = judge_library(layer, header);
        if (!wrong.empty()) note(&findings, file, number, wrong);
      } else if (!may_include_own(layer, header)) {
        note(&findings, file, number, layer + " may not know \"" + std::string(header) + "\"");
      }
    }
  }
  return findings;
}

std::size_t findings_of(const std::string& path, const std::string& include) {
  return check_layers({{path, "#include " + include + "\n"}}).size();
}

TEST(Layering, EachIncludeFollowsTheArrows) {
  const Findings findings = check_layers(read_tree());
  EXPECT_TRUE(findings.empty()) << join(findings);
}

TEST(Layering, IncludesAgainstTheArrowsAreFound) {
  EXPECT_EQ(findings_of("runtime/run/a.cc", "\"actors/messages.h\""), 1u);
  EXPECT_EQ(findings_of("runtime/run/a.cc", "<thread>"), 1u);
  EXPECT_EQ(findings_of("actors/run/a.cc", "\"adapters/sqlite/writer.h\""), 1u);
  EXPECT_EQ(findings_of("actors/run/a.cc", "<unistd.h>"), 1u);
  EXPECT_EQ(findings_of("adapters/http/a.cc", "<caf/all.hpp>"), 1u);
  EXPECT_EQ(findings_of("adapters/http/a.cc", "\"adapters/metrics/registry.h\""), 1u);
  EXPECT_EQ(findings_of("adapters/http/a.cc", "\"config/load.h\""), 1u);
  EXPECT_EQ(findings_of("adapters/http/a.cc", "<sqlite3.h>"), 1u);
  EXPECT_EQ(findings_of("adapters/sqlite/a.cc", "<libpq-fe.h>"), 1u);
  EXPECT_EQ(findings_of("adapters/postgres/a.cc", "\"adapters/sqlite/journal.h\""), 1u);
  EXPECT_EQ(findings_of("adapters/http/a.cc", "<unheard/of.hpp>"), 1u);
  EXPECT_EQ(findings_of("config/a.cc", "\"adapters/http/server.h\""), 1u);
}

TEST(Layering, IncludesAlongTheArrowsAreNot) {
  EXPECT_EQ(findings_of("actors/run/a.cc", "\"runtime/run/decide.h\""), 0u);
  EXPECT_EQ(findings_of("actors/run/a.cc", "<caf/all.hpp>"), 0u);
  EXPECT_EQ(findings_of("config/a.cc", "\"adapters/http/options.h\""), 0u);
  EXPECT_EQ(findings_of("deploy/troupe/a.cc", "\"adapters/http/server.h\""), 0u);
  EXPECT_EQ(findings_of("tests/actors/a.cc", "<caf/all.hpp>"), 0u);
}

}  // namespace
}  // namespace troupe::tidy
