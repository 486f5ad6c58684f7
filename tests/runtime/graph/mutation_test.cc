#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <string>
#include <vector>

#include "runtime/json/read.h"
#include "runtime/json/tree.h"
#include "runtime/json/write.h"
#include "tests/runtime/graph/graph_fixture.h"
#include "tests/runtime/graph/sample_graphs.h"

namespace troupe::graph {
namespace {

/// A hostile value of each kind.
const std::vector<std::string>& replacements() {
  static const std::vector<std::string> kValues = {
      "null", "true", "-1", "1e300",         "\"\"", "\"{{\"", "\"{{steps.zzz.x}}\"",
      "[]",   "[[]]", "{}", "{\"count\":{}}"};
  return kValues;
}

void collect_values(const json::Tree& tree, std::vector<const json::Tree*>* out) {
  out->push_back(&tree);
  for (const auto& member : tree.members) collect_values(member.second, out);
  for (const json::Tree& element : tree.elements) collect_values(element, out);
}

class GraphMutation : public ::testing::Test, public GraphFixture {};

TEST_F(GraphMutation, EveryValueOfEveryKindGivesAGraphOrAnIssue) {
  std::size_t refused = 0, accepted = 0;
  for (const std::string& sample : sample_graphs()) {
    const json::Text text = document(sample);
    const json::Tree tree = json::parse_tree(text);
    std::vector<const json::Tree*> values;
    collect_values(tree, &values);
    for (const json::Tree* value : values) {
      for (const std::string& replacement : replacements()) {
        std::string mutated(text.view().substr(0, value->offset));
        mutated += replacement;
        mutated += text.view().substr(value->offset + value->raw.size());
        const Parsed parsed = parse_text(mutated);
        bool error = false;
        for (const Issue& issue : parsed.issues) {
          error = error || !issue.warning;
          EXPECT_FALSE(issue.message.empty());
          EXPECT_TRUE(issue.pointer.empty() || issue.pointer[0] == '/') << issue.pointer;
        }
        EXPECT_NE(parsed.graph == nullptr, !error) << mutated;
        ++(error ? refused : accepted);
      }
    }
  }
  // Strings may hold anything where templates stand, so some mutations are valid graphs.
  EXPECT_GT(refused, accepted);
  EXPECT_GT(accepted, 100u);
}

TEST_F(GraphMutation, EveryRemovedFieldGivesAGraphOrAnIssue) {
  for (const std::string& sample : sample_graphs()) {
    const json::Text text = document(sample);
    const json::Tree tree = json::parse_tree(text);
    std::vector<const json::Tree*> values;
    collect_values(tree, &values);
    for (const json::Tree* value : values) {
      if (value->kind != json::Kind::kObject) continue;
      for (const auto& removed : value->members) {
        json::Writer writer;
        writer.begin_object();
        for (const auto& kept : value->members) {
          if (&kept != &removed) writer.member_raw(kept.first, kept.second.raw);
        }
        writer.end_object();
        std::string mutated(text.view().substr(0, value->offset));
        mutated += writer.take();
        mutated += text.view().substr(value->offset + value->raw.size());
        const Parsed parsed = parse_text(mutated);
        const bool step = value->find("id") != nullptr;
        if (step &&
            (removed.first == "id" || removed.first == "type" || removed.first == "script")) {
          EXPECT_TRUE(parsed.graph == nullptr) << mutated;
        }
      }
    }
  }
}

/// Milliseconds of processor time that one parse takes, the best of three, so that a busy machine
/// does not count; the graph must be valid.
double parse_ms(const GraphFixture& fixture, const std::string& text) {
  Limits limits;
  limits.graph_bytes_max = 16 << 20;
  const json::Text document = GraphFixture::document(text);
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    const std::clock_t start = std::clock();
    const Parsed parsed = parse(document, {fixture.syntax, fixture.patterns}, limits);
    const std::clock_t end = std::clock();
    EXPECT_NE(parsed.graph, nullptr) << listing(parsed).substr(0, 500);
    best = std::min(best, 1000.0 * static_cast<double>(end - start) / CLOCKS_PER_SEC);
  }
  return best;
}

std::string step_reading(int index, const std::string& depends_on, int read) {
  return R"({"id":"s)" + std::to_string(index) + R"(","name":"n","type":"wait","depends_on":[)" +
         depends_on + R"(],"duration_s":"{{steps.s)" + std::to_string(read) + R"(.result.x}}"})";
}

/// Sanitizers slow everything down; the bounds hold for a plain build.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double kParseMsMax = 5000;
#else
constexpr double kParseMsMax = 200;
#endif

TEST_F(GraphMutation, ChainOfTenThousandStepsThatReadFarBackIsFast) {
  std::string steps = R"({"id":"s0","name":"n","type":"wait","duration_s":1})";
  for (int i = 1; i < 10'000; ++i) {
    steps += "," + step_reading(i, "\"s" + std::to_string(i - 1) + "\"", i / 2);
  }
  EXPECT_LT(parse_ms(*this, "{\"steps\":[" + steps + "]}"), kParseMsMax);
}

TEST_F(GraphMutation, WideGraphWithOneJoinIsFast) {
  std::string steps = R"({"id":"s0","name":"n","type":"wait","duration_s":1})";
  std::string all = "\"s0\"";
  for (int i = 1; i < 9'999; ++i) {
    steps += "," + step_reading(i, "\"s0\"", 0);
    all += ",\"s" + std::to_string(i) + "\"";
  }
  steps += "," + step_reading(9'999, all, 5'000);
  EXPECT_LT(parse_ms(*this, "{\"steps\":[" + steps + "]}"), kParseMsMax);
}

}  // namespace
}  // namespace troupe::graph
