// Rules, dashboard and runbooks against each other and against the metrics that exist.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <set>

#include "adapters/metrics/names.h"
#include "adapters/metrics/registry.h"
#include "tests/conformance/temporary_directory.h"
#include "tests/deploy/data_file.h"

namespace troupe::testing {
namespace {

const std::string kRules = "deploy/prometheus/";

std::string string_at(const Json& value, std::string_view pointer) {
  return at(value, pointer).is_null() ? "" : text_at(value, pointer);
}

/// One expression and where it stands.
struct Query {
  std::string place;
  std::string text;
};

std::vector<Json> rules_of(const std::string& file) {
  std::vector<Json> rules;
  const Json document = read_yaml(kRules + file);
  for (const Json& group : at(document, "/groups").as_array()) {
    for (const Json& rule : at(group, "/rules").as_array()) rules.push_back(rule);
  }
  return rules;
}

std::vector<Json> alerts() { return rules_of("alerts.rules.yml"); }

std::vector<Json> panels() {
  std::vector<Json> panels;
  const Json dashboard = read_json("deploy/grafana/troupe.json");
  for (const Json& panel : at(dashboard, "/panels").as_array()) panels.push_back(panel);
  return panels;
}

std::vector<Query> rule_queries() {
  std::vector<Query> queries;
  for (const Json& rule : alerts()) {
    queries.push_back({text_at(rule, "/alert"), text_at(rule, "/expr")});
  }
  for (const Json& rule : rules_of("recording.rules.yml")) {
    queries.push_back({text_at(rule, "/record"), text_at(rule, "/expr")});
  }
  return queries;
}

std::vector<Query> panel_queries() {
  std::vector<Query> queries;
  for (const Json& panel : panels()) {
    if (!panel.as_object().contains("targets")) continue;
    for (const Json& target : at(panel, "/targets").as_array()) {
      queries.push_back({"panel " + text_at(panel, "/title"), text_at(target, "/expr")});
    }
  }
  return queries;
}

std::vector<Query> all_queries() {
  std::vector<Query> all = rule_queries();
  for (Query& query : panel_queries()) all.push_back(std::move(query));
  return all;
}

/// The registered metric that a series of Prometheus belongs to; null: none.
const metrics::Name* registered(std::string series) {
  series = series.substr(std::string_view("troupe_").size());
  const auto find = [](const std::string& name) -> const metrics::Name* {
    for (const metrics::Name& one : metrics::names()) {
      if (one.name == name) return &one;
    }
    return nullptr;
  };
  const metrics::Name* const exact = find(series);
  if (exact != nullptr) return exact->kind == metrics::Kind::kHistogram ? nullptr : exact;
  for (const std::string part : {"_bucket", "_sum", "_count"}) {
    if (!series.ends_with(part)) continue;
    const metrics::Name* const whole = find(series.substr(0, series.size() - part.size()));
    if (whole != nullptr && whole->kind == metrics::Kind::kHistogram) return whole;
  }
  return nullptr;
}

/// Why a series with these matchers can never exist; empty: it can.
std::string impossible(const std::string& series, const std::string& matchers) {
  const metrics::Name* const name = registered(series);
  if (name == nullptr) return "no metric is named " + series;
  const std::set<std::string> labels = {"job", "instance", "le", std::string(name->label1),
                                        std::string(name->label2)};
  static const std::regex matcher(R"re(([a-z_0-9]+)\s*(?:=~|!~|!=|=)\s*"[^"]*")re");
  for (std::sregex_iterator it(matchers.begin(), matchers.end(), matcher), end; it != end; ++it) {
    if (labels.count((*it)[1].str()) == 0) return series + " has no label " + (*it)[1].str();
  }
  return "";
}

Outcome promtool(std::vector<std::string> arguments, const std::string& input = "") {
  arguments.insert(arguments.begin(), "/usr/bin/promtool");
  return run_program({std::move(arguments), input, {}, ""});
}

TEST(Watching, EachMetricThatIsAskedForIsRegisteredWithItsLabels) {
  static const std::regex series(R"((?:^|[^a-z_:])(troupe_[a-z0-9_]+)(?:\{([^}]*)\})?)");
  std::size_t found = 0;
  for (const Query& query : all_queries()) {
    for (std::sregex_iterator it(query.text.begin(), query.text.end(), series), end; it != end;
         ++it) {
      ++found;
      EXPECT_EQ(impossible((*it)[1].str(), (*it)[2].str()), "") << query.place;
    }
  }
  EXPECT_GT(found, 50u);
}

TEST(Watching, WhatCannotExistIsFound) {
  EXPECT_NE(impossible("troupe_runs_total", ""), "");
  EXPECT_NE(impossible("troupe_commit_duration_seconds", ""), "");
  EXPECT_NE(impossible("troupe_runs_started_total_bucket", ""), "");
  EXPECT_NE(impossible("troupe_runs_open", R"(state="paused")"), "");
  EXPECT_EQ(impossible("troupe_runs_open", R"(job="x",status=~"paused")"), "");
  EXPECT_EQ(impossible("troupe_commit_duration_seconds_bucket", R"(le="1")"), "");
}

/// Registered for those who will count them. Whoever does takes the name off this list.
const std::set<std::string> kAwaited = {};

TEST(Watching, EachRegisteredMetricGetsItsValuesFromSomebody) {
  static const std::regex use(R"re(\b(?:counter|gauge|histogram)\(\s*"([a-z_]+)")re");
  std::set<std::string> counted = {"build_info"};  // by the registry itself
  for (const std::string folder : {"actors", "adapters", "deploy/troupe"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.path().extension() != ".cc") continue;
      const std::string text = read_text(entry.path().string());
      for (std::sregex_iterator it(text.begin(), text.end(), use), end; it != end; ++it) {
        counted.insert((*it)[1].str());
      }
    }
  }
  for (const metrics::Name& one : metrics::names()) {
    const std::string name(one.name);
    const bool awaited = kAwaited.count(name) != 0;
    EXPECT_NE(counted.count(name) != 0, awaited)
        << name << (awaited ? " is counted now: take it off kAwaited" : " is counted by nobody");
  }
}

TEST(Watching, EachRecordedSeriesThatIsAskedForIsRecordedAndEachIsUsed) {
  std::set<std::string> recorded;
  for (const Json& rule : rules_of("recording.rules.yml")) {
    EXPECT_TRUE(recorded.insert(text_at(rule, "/record")).second) << text_at(rule, "/record");
  }
  std::set<std::string> used;
  static const std::regex series(R"([a-z_]+:troupe_[a-z0-9_]+:[a-z0-9_]+)");
  for (const Query& query : all_queries()) {
    for (std::sregex_iterator it(query.text.begin(), query.text.end(), series), end; it != end;
         ++it) {
      used.insert(it->str());
    }
  }
  EXPECT_EQ(used, recorded);
}

TEST(Watching, PromtoolAcceptsConfigurationAndRules) {
  const TemporaryDirectory directory;
  for (const std::string name : {"prometheus.yml", "recording.rules.yml", "alerts.rules.yml"}) {
    std::filesystem::copy_file(kRules + name, directory.file(name));
  }
  std::ofstream(directory.file("troupe.token")) << "token\n";
  const Outcome outcome = promtool({"check", "config", directory.file("prometheus.yml")});
  EXPECT_EQ(outcome.exit, 0) << outcome.out << outcome.err;
}

TEST(Watching, EachAlertFiresWhenItShouldAndOnlyThen) {
  const Outcome outcome = promtool({"test", "rules", kRules + "rules.test.yml"});
  EXPECT_EQ(outcome.exit, 0) << outcome.out << outcome.err;
  const std::string tests = read_text(kRules + "rules.test.yml");
  for (const Json& alert : alerts()) {
    const std::string expected = "{alertname=\"" + text_at(alert, "/alert") + "\"";
    EXPECT_NE(tests.find(expected), std::string::npos) << text_at(alert, "/alert");
  }
}

TEST(Watching, PromtoolFindsNothingInWhatANodeShows) {
  metrics::Registry registry("1.0");
  const Outcome outcome = promtool({"check", "metrics"}, registry.exposition());
  EXPECT_EQ(outcome.exit, 0) << outcome.out << outcome.err;
}

TEST(Watching, EachAlertSaysWhatAPersonNeeds) {
  std::set<std::string> names;
  for (const Json& alert : alerts()) {
    const std::string name = text_at(alert, "/alert");
    EXPECT_TRUE(names.insert(name).second) << name << " is there twice";
    const std::string severity = string_at(alert, "/labels/severity");
    EXPECT_TRUE(severity == "critical" || severity == "warning") << name;
    EXPECT_NE(string_at(alert, "/for"), "") << name;
    EXPECT_NE(string_at(alert, "/annotations/summary"), "") << name;
    EXPECT_NE(string_at(alert, "/annotations/description"), "") << name;
    EXPECT_EQ(string_at(alert, "/annotations/runbook_url"), "deploy/runbooks/" + name + ".md");
  }
}

TEST(Watching, EachAlertHasItsPageAndEachPageItsAlert) {
  std::set<std::string> named;
  for (const Json& alert : alerts()) named.insert(text_at(alert, "/alert"));
  std::set<std::string> pages;
  for (const auto& entry : std::filesystem::directory_iterator("deploy/runbooks")) {
    const std::string name = entry.path().stem().string();
    if (name == "README") continue;
    pages.insert(name);
    const std::string text = read_text(entry.path().string());
    EXPECT_EQ(text.substr(0, text.find('\n')), "# " + name);
    for (const std::string part :
         {"## Meaning", "## First look", "## Causes and what to do", "## What is safe"}) {
      EXPECT_NE(text.find("\n" + part + "\n"), std::string::npos) << name << " lacks " << part;
    }
  }
  EXPECT_EQ(pages, named);
}

TEST(Dashboard, CanBeImportedAnywhere) {
  const Json dashboard = read_json("deploy/grafana/troupe.json");
  EXPECT_EQ(text_at(dashboard, "/uid"), "troupe");
  EXPECT_EQ(text_at(dashboard, "/templating/list/0/type"), "datasource");
  EXPECT_EQ(text_at(dashboard, "/templating/list/0/name"), "datasource");
  std::set<std::int64_t> ids;
  std::vector<std::string> rows;
  for (const Json& panel : panels()) {
    const std::string title = text_at(panel, "/title");
    EXPECT_TRUE(ids.insert(int_at(panel, "/id")).second) << title;
    if (text_at(panel, "/type") == "row") {
      rows.push_back(title);
      continue;
    }
    EXPECT_EQ(text_at(panel, "/datasource/uid"), "${datasource}") << title;
    EXPECT_NE(string_at(panel, "/fieldConfig/defaults/unit"), "") << title;
    EXPECT_NE(string_at(panel, "/description"), "") << title;
  }
  const std::vector<std::string> wanted = {"Overview", "Throughput", "Latency", "Store",
                                           "Queue",    "Cluster",    "NATS",    "Sandbox"};
  EXPECT_EQ(rows, wanted);
}

/// Prometheus' own parser reads each expression, disguised as a rule.
TEST(Dashboard, EachExpressionIsOne) {
  std::map<std::string, std::string> variables = {{"$job", "troupe"}, {"$instance", ".*"}};
  boost::json::array rules;
  for (const Query& query : panel_queries()) {
    std::string text = query.text;
    for (const auto& [name, value] : variables) {
      for (std::size_t i = text.find(name); i != std::string::npos; i = text.find(name, i)) {
        text.replace(i, name.size(), value);
      }
    }
    EXPECT_EQ(text.find('$'), std::string::npos) << query.place;
    const std::string record = "panel:query:n" + std::to_string(rules.size());
    rules.push_back({{"record", record}, {"expr", text}});
  }
  const TemporaryDirectory directory;
  const Json document = {{"groups", {{{"name", "panels"}, {"rules", rules}}}}};
  std::ofstream(directory.file("panels.yml")) << boost::json::serialize(document);
  const Outcome outcome = promtool({"check", "rules", directory.file("panels.yml")});
  EXPECT_EQ(outcome.exit, 0) << outcome.out << outcome.err;
  EXPECT_GT(rules.size(), 30u);
}

}  // namespace
}  // namespace troupe::testing
