// The image and the compose file as text, and what of them can be tried without a container.
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>

#include "config/load.h"
#include "tests/conformance/temporary_directory.h"
#include "tests/deploy/data_file.h"
#include "tests/support/server.h"

namespace troupe::testing {
namespace {

const std::string kFolder = "deploy/container/";

/// The packages that the last stage installs.
std::set<std::string> listed_packages() {
  std::string text = read_text(kFolder + "Containerfile");
  text = text.substr(text.rfind("\nFROM "));
  const std::string command = "apt-get install -y --no-install-recommends \\\n";
  const std::size_t from = text.find(command) + command.size();
  std::istringstream words(text.substr(from, text.find("&&", from) - from));
  std::set<std::string> packages;
  for (std::string word; words >> word;) {
    if (word != "\\") packages.insert(word);
  }
  return packages;
}

/// The installed package that a file belongs to. Packages know /lib by its old name or its new one.
std::string package_of(const std::string& file) {
  for (const std::string& name : {file, "/usr" + file}) {
    const Outcome owner = run_program({{"/usr/bin/dpkg-query", "-S", name}});
    if (owner.exit == 0) return owner.out.substr(0, owner.out.find(':'));
  }
  return "nobody, who has " + file;
}

/// Packages of the libraries that the program itself names.
std::set<std::string> needed_packages() {
  const Outcome named = run_program({{"/usr/bin/objdump", "-p", TROUPE_BINARY}});
  const Outcome found = run_program({{"/usr/bin/ldd", TROUPE_BINARY}});
  EXPECT_EQ(named.exit + found.exit, 0) << named.err << found.err;
  std::set<std::string> packages;
  static const std::regex needed(R"(NEEDED +(\S+))");
  for (std::sregex_iterator it(named.out.begin(), named.out.end(), needed), end; it != end; ++it) {
    const std::string name = (*it)[1].str();
    if (name.starts_with("ld-linux")) continue;
    const std::size_t at = found.out.find("\t" + name + " => ");
    EXPECT_NE(at, std::string::npos) << name;
    const std::size_t path = found.out.find("=> ", at) + 3;
    packages.insert(package_of(found.out.substr(path, found.out.find(' ', path) - path)));
  }
  packages.erase("libc6");  // every Debian has it
  return packages;
}

TEST(Container, ImageHasThePackagesThatTheProgramIsLinkedWith) {
  const std::set<std::string> listed = listed_packages();
  const std::set<std::string> needed = needed_packages();
  ASSERT_GT(needed.size(), 10u);
  for (const std::string& package : needed) {
    EXPECT_EQ(listed.count(package), 1u) << "the Containerfile lacks " << package;
  }
  // Members of a cluster open libpq and libnats; the others are no libraries.
  const std::set<std::string> besides = {"ca-certificates", "libnats3.4", "libpq5", "tini"};
  for (const std::string& package : listed) {
    EXPECT_EQ(needed.count(package) + besides.count(package) > 0, true)
        << "nobody needs " << package;
  }
}

TEST(Container, HealthCheckUnderstandsANode) {
  const std::string text = read_text(kFolder + "Containerfile");
  const std::size_t from = text.find("CMD [", text.find("HEALTHCHECK")) + 4;
  const Json words = parse_json(text.substr(from, text.find('\n', from) - from));
  std::string question = text_at(words, "/2");
  const TemporaryDirectory directory;
  Server server(directory.file("d"));
  server.start();
  const std::string port = "/" + std::to_string(server.port());
  question.replace(question.find("/7420"), 5, port);
  const Command command{{text_at(words, "/0"), text_at(words, "/1"), question}};
  EXPECT_EQ(run_program(command).exit, 0) << question;
  EXPECT_EQ(server.terminate().exit, 0);
  EXPECT_NE(run_program(command).exit, 0);
}

TEST(Compose, NodesHaveAValidConfiguration) {
  const Json compose = read_yaml(kFolder + "compose.yaml");
  std::set<std::string> names;
  for (const std::string node : {"node-1", "node-2", "node-3"}) {
    config::Sources sources;
    const Json& environment = at(compose, "/services/" + node + "/environment");
    for (const auto& [name, value] : environment.as_object()) {
      sources.environment.emplace_back(std::string(name), std::string(value.as_string()));
    }
    const Result<config::Loaded> loaded = config::load(sources);
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(loaded->options.store.kind, "postgres");
    EXPECT_EQ(loaded->options.cluster.node_name, node);
    EXPECT_TRUE(names.insert(loaded->options.cluster.advertise_url).second);
    EXPECT_EQ(text_at(compose, "/services/" + node + "/read_only"), "true");
    EXPECT_EQ(text_at(compose, "/services/" + node + "/cap_drop/0"), "ALL");
    const int grace_s = std::stoi(text_at(compose, "/services/" + node + "/stop_grace_period"));
    EXPECT_GT(grace_s, 3 * loaded->options.cluster.drain_timeout_s);
  }
}

TEST(Compose, WhatIsMountedExistsAndNothingIsOpenToTheNetwork) {
  const Json compose = read_yaml(kFolder + "compose.yaml");
  std::size_t files = 0;
  for (const auto& [name, service] : at(compose, "/services").as_object()) {
    const boost::json::object& keys = service.as_object();
    const Json none = boost::json::array();
    const Json& volumes = keys.contains("volumes") ? keys.at("volumes") : none;
    for (const Json& volume : volumes.as_array()) {
      const std::string text(volume.as_string());
      const std::string source = text.substr(0, text.find(':'));
      if (source[0] != '.') {
        EXPECT_TRUE(at(compose, "/volumes").as_object().contains(source)) << text;
        continue;
      }
      ++files;
      EXPECT_TRUE(std::filesystem::is_regular_file(kFolder + source)) << text;
    }
    const Json& ports = keys.contains("ports") ? keys.at("ports") : none;
    for (const Json& port : ports.as_array()) {
      EXPECT_TRUE(std::string(port.as_string()).starts_with("127.0.0.1:")) << std::string(name);
    }
  }
  EXPECT_GE(files, 5u);
}

TEST(Compose, PrometheusAcceptsItsConfiguration) {
  const Outcome outcome = run_program(
      {{"/usr/bin/promtool", "check", "config", "--syntax-only", kFolder + "prometheus.yml"}});
  EXPECT_EQ(outcome.exit, 0) << outcome.out << outcome.err;
}

}  // namespace
}  // namespace troupe::testing
