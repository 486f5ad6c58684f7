// The chart as text: there is no helm where these tests run.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <set>

#include "tests/deploy/data_file.h"

namespace troupe::testing {
namespace {

const std::string kChart = "deploy/helm/troupe/";

std::map<std::string, std::string> templates() {
  std::map<std::string, std::string> all;
  for (const auto& entry : std::filesystem::directory_iterator(kChart + "templates")) {
    all[entry.path().filename().string()] = read_text(entry.path().string());
  }
  return all;
}

/// Every path of an object, inner ones included: "a", "a.b" ….
void collect(const Json& value, const std::string& path, std::set<std::string>* paths) {
  if (!path.empty()) paths->insert(path);
  if (!value.is_object()) return;
  for (const auto& [key, inner] : value.as_object()) {
    const std::string name(key);
    collect(inner, path.empty() ? name : path + "." + name, paths);
  }
}

std::set<std::string> used_values() {
  static const std::regex use(R"(\.Values\.([A-Za-z0-9_.]+))");
  std::set<std::string> used;
  for (const auto& [name, text] : templates()) {
    for (std::sregex_iterator it(text.begin(), text.end(), use), end; it != end; ++it) {
      used.insert((*it)[1].str());
    }
  }
  return used;
}

/// What the schema says about values, by somebody else's validator.
bool schema_accepts(const Json& values) {
  const Outcome outcome =
      run_program({{"/usr/bin/python3", "-W", "ignore", "-c",
                    "import json,sys,jsonschema\n"
                    "s=json.load(open(sys.argv[1]));jsonschema.Draft7Validator.check_schema(s)\n"
                    "e=list(jsonschema.Draft7Validator(s).iter_errors(json.load(sys.stdin)))\n"
                    "print(*[x.message for x in e],sep='\\n');print('invalid' if e else 'valid')",
                    kChart + "values.schema.json"},
                   boost::json::serialize(values)});
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  return outcome.out.ends_with("\nvalid\n");
}

TEST(HelmChart, SchemaAcceptsTheDefaultsAndRefusesMistakes) {
  const Json values = read_yaml(kChart + "values.yaml");
  EXPECT_TRUE(schema_accepts(values));
  const struct {
    std::string section;  ///< empty: the top
    std::string key;
    Json value;
  } mistakes[] = {{"", "replicas", "three"},
                  {"", "replicas", 0},
                  {"", "replica", 3},
                  {"postgres", "existingSecret", ""},
                  {"postgres", "url", "postgres://u:p@h/d"},
                  {"nats", "url", "nats://u:p@h:4222"},
                  {"nats", "events", true},
                  {"cluster", "leaseMs", 10},
                  {"config", "cluster", boost::json::object()},
                  {"service", "type", "External"}};
  for (const auto& mistake : mistakes) {
    Json wrong = values;
    boost::json::object& top = wrong.as_object();
    (mistake.section.empty() ? top : top[mistake.section].as_object())[mistake.key] = mistake.value;
    EXPECT_FALSE(schema_accepts(wrong)) << mistake.section << "." << mistake.key;
  }
}

TEST(HelmChart, EachValueThatIsUsedExistsAndEachIsUsed) {
  std::set<std::string> there;
  collect(read_yaml(kChart + "values.yaml"), "", &there);
  const std::set<std::string> used = used_values();
  for (const std::string& path : used) EXPECT_EQ(there.count(path), 1u) << ".Values." << path;
  for (const std::string& path : there) {
    bool covered = false;
    for (const std::string& one : used) {
      covered =
          covered || one == path || one.starts_with(path + ".") || path.starts_with(one + ".");
    }
    EXPECT_TRUE(covered) << path << " has no effect";
  }
}

TEST(HelmChart, BlocksOfTemplatesAreClosed) {
  static const std::regex word(R"(\{\{-?\s*(if|with|range|define|end)\b)");
  for (const auto& [name, text] : templates()) {
    int depth = 0;
    for (std::sregex_iterator it(text.begin(), text.end(), word), end; it != end; ++it) {
      depth += (*it)[1].str() == "end" ? -1 : 1;
      EXPECT_GE(depth, 0) << name;
    }
    EXPECT_EQ(depth, 0) << name;
    const std::regex open(R"(\{\{)"), shut(R"(\}\})");
    EXPECT_EQ(std::distance(std::sregex_iterator(text.begin(), text.end(), open), {}),
              std::distance(std::sregex_iterator(text.begin(), text.end(), shut), {}))
        << name;
  }
}

TEST(HelmChart, PodsHaveNoPrivilegeAndTimeToHandOver) {
  const auto all = templates();
  const std::string pod = all.at("statefulset.yaml") + all.at("_helpers.tpl");
  for (const std::string wanted :
       {"runAsNonRoot: true", "readOnlyRootFilesystem: true", "allowPrivilegeEscalation: false",
        "drop: [ALL]", "type: RuntimeDefault", "automountServiceAccountToken: false",
        "path: /livez", "path: /readyz", "topologySpreadConstraints:"}) {
    EXPECT_NE(pod.find(wanted), std::string::npos) << wanted;
  }
  for (const auto& [name, text] : all) {
    EXPECT_EQ(text.find("kind: Secret"), std::string::npos) << name;
  }
  const Json values = read_yaml(kChart + "values.yaml");
  EXPECT_GT(int_at(values, "/terminationGracePeriodSeconds"),
            3 * int_at(values, "/cluster/drainTimeoutSeconds"));
}

}  // namespace
}  // namespace troupe::testing
