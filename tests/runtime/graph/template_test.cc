#include "runtime/graph/template.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>

#include "runtime/json/read.h"

namespace troupe::graph {
namespace {

/// Values by root, as a run would hold them.
class Values : public Environment {
 public:
  std::map<std::string, std::string> steps;
  std::string input = "{}";
  std::string item;
  mutable int lookups = 0;

  std::optional<std::string_view> find(const Reference& reference,
                                       std::string* storage) const override {
    ++lookups;
    switch (reference.root) {
      case Root::kInput:
        return walk(input, reference);
      case Root::kItem:
        return walk(item, reference);
      case Root::kIndex:
        *storage = "4";
        return *storage;
      case Root::kRunId:
        *storage = "\"r-1\"";
        return *storage;
      case Root::kStepStatus:
        *storage = "\"completed\"";
        return *storage;
      case Root::kStepResult:
      case Root::kBody: {
        const auto found = steps.find(reference.step);
        if (found == steps.end()) return std::nullopt;
        return walk(found->second, reference);
      }
      default:
        return std::nullopt;
    }
  }

 private:
  static std::optional<std::string_view> walk(std::string_view value, const Reference& reference) {
    for (const std::string& segment : reference.path) {
      const auto child = json::child(value, segment);
      if (!child) return std::nullopt;
      value = *child;
    }
    return value;
  }
};

std::string expand(std::string_view text, const Values& values) {
  auto compiled = Template::compile(text);
  if (!compiled.ok()) return "error: " + compiled.error().message;
  auto expanded = compiled->expand(values);
  if (!expanded.ok()) {
    return std::string(info(expanded.error().code).name) + ": " + expanded.error().message;
  }
  return *expanded;
}

struct Row {
  std::string_view text;
  std::string_view expected;
};

Values sample() {
  Values values;
  values.input =
      R"({"n":1.50,"i":7,"yes":true,"none":null,"s":"a\"b\u00e9\n","l":[1,"two",null,{"k": 2}],
    "o":{"k": [1, 2]},"empty":{},"hostile":"{{input.s}}","hostile_key":{"{{input.n}}":"{{run.id}}"},
    "words":" \tMixed Case é \n"})";
  values.steps["a"] = R"({"total":39.98,"result":{"x":1},"status":"mine","list":[{"b":5}]})";
  values.steps["fetch-product"] = R"({"price":2})";
  return values;
}

void check(const Values& values, const std::vector<Row>& rows) {
  for (const Row& row : rows) EXPECT_EQ(expand(row.text, values), row.expected) << row.text;
}

TEST(Template, WholeStringKeepsTheTypeOfItsValue) {
  check(sample(), {
                      {R"("{{input.n}}")", "1.50"},
                      {R"("{{ input.i }}")", "7"},
                      {R"("{{input.yes}}")", "true"},
                      {R"("{{input.none}}")", "null"},
                      {R"("{{input.s}}")", R"("a\"b\u00e9\n")"},
                      {R"("{{input.l.3.k}}")", "2"},
                      {R"("{{input.o}}")", R"({"k": [1, 2]})"},
                      {R"("{{steps.a.list.0.b}}")", "5"},
                      {R"("{{foreach.index}}")", "4"},
                      {R"("{{index}}")", "4"},
                      {R"("{{run.id}}")", R"("r-1")"},
                      {R"("\u007b\u007binput.i}}")", "7"},
                  });
}

TEST(Template, MixedTextWritesValuesAsText) {
  check(sample(), {
                      {R"("n={{input.n}}")", R"("n=1.50")"},
                      {R"("{{input.i}}{{input.yes}}")", R"("7true")"},
                      {R"("<{{input.none}}>")", R"("<>")"},
                      {R"("\"{{input.s}}\u0001")", R"("\"a\"b\u00e9\n\u0001")"},
                      {R"(" {{input.o}}")", R"(" {\"k\":[1,2]}")"},
                      {R"("{{input.l}} ")", R"("[1,\"two\",null,{\"k\":2}] ")"},
                      {R"("a }} b {c}")", R"("a }} b {c}")"},
                  });
}

TEST(Template, NestedStructuresAreExpandedInTheirStringsOnly) {
  check(sample(),
        {
            {R"({ "a" : ["{{input.i}}", 1.0, {"b":"x{{input.i}}"}], "{{input.i}}": null })",
             R"({"a":[7,1.0,{"b":"x7"}],"{{input.i}}":null})"},
            {"[]", "[]"},
            {"12", "12"},
            {R"("plain")", R"("plain")"},
        });
}

TEST(Template, ValuesAreNeverExpandedAgain) {
  check(sample(), {
                      {R"("{{input.hostile}}")", R"("{{input.s}}")"},
                      {R"("x {{input.hostile}} y")", R"("x {{input.s}} y")"},
                      {R"("{{input.hostile_key}}")", R"({"{{input.n}}":"{{run.id}}"})"},
                      {R"("{{input.nope | default: \"{{run.id}}\"}}")", R"("{{run.id}}")"},
                      {R"({"a":"{{input.hostile | upper}}"})", R"({"a":"{{INPUT.S}}"})"},
                  });
}

TEST(Template, FiltersChangeValues) {
  check(sample(),
        {
            {R"("{{input.nope | default: 5}}")", "5"},
            {R"("{{input.none|default:{\"a\":{\"b\":[]}}}}")", R"({"a":{"b":[]}})"},
            {R"("{{input.i | default: 5}}")", "7"},
            {R"("{{input.nope | length | default: 0}}")", "0"},
            {R"("{{input.o | json}}")", R"("{\"k\":[1,2]}")"},
            {R"("a {{input.i | json}}")", R"("a 7")"},
            {R"("{{input.l | length}}")", "4"},
            {R"("{{input.s | length}}")", "5"},
            {R"("{{input.empty | length}}")", "0"},
            {R"("{{input.l | join: \", \"}}")", R"("1, two, , {\"k\":2}")"},
            {R"("{{input.empty | join: \"-\"}}")", R"("")"},
            {R"("{{input.words | trim | upper}}")", R"("MIXED CASE É")"},
            {R"("{{input.words | lower | trim}}")", R"("mixed case é")"},
            {R"("{{input.nope | default: [1,2] | join: \"+\"}}")", R"("1+2")"},
            {R"("{{input.i | upper}}")", "template_type: {{input.i}}: upper needs a string"},
            {R"("{{input.none | length}}")",
             "template_type: {{input.none}}: length needs a list, an object or a string"},
            {R"("{{input.o | join: \",\"}}")", "template_type: {{input.o}}: join needs a list"},
        });
}

TEST(Template, ReservedWordsWinOverFieldsOfThatName) {
  check(sample(), {
                      {R"("{{steps.a.total}}")", "39.98"},
                      {R"("{{steps.a.result.total}}")", "39.98"},
                      {R"("{{steps.a.status}}")", R"("completed")"},
                      {R"("{{steps.a.result.status}}")", R"("mine")"},
                      {R"("{{steps.a.result.result.x}}")", "1"},
                      {R"("{{body.a.result.total}}")", "39.98"},
                      {R"("{{body.fetch-product.price}}")", "2"},
                  });
}

TEST(Template, MissingPathNamesItself) {
  check(sample(),
        {
            {R"("{{steps.a.result.nope}}")",
             "template_unresolved: {{steps.a.result.nope}} has no value"},
            {R"("x {{ input.l.9 | upper }}")", "template_unresolved: {{input.l.9}} has no value"},
        });
}

TEST(Template, SyntaxErrorsGiveThePositionInTheString) {
  check(sample(),
        {
            {R"("é {{input.")", "error: position 3: {{ is never closed by }}"},
            {R"("{{")", "error: position 1: {{ is never closed by }}"},
            {R"("{{}}")", "error: position 3: expected a path such as input.name"},
            {R"("{{inputs.x}}")",
             "error: position 3: a path cannot begin with \"inputs\": expected input, steps, item, "
             "index, foreach, body, while or run"},
            {R"("{{input.x | shout}}")", "error: position 13: there is no filter \"shout\""},
            {R"("{{input.x | }}")", "error: position 13: expected the name of a filter"},
            {R"("{{input.x[0]}}")", "error: position 10: a path has no [ ]: write .0 or .key"},
            {R"("{{input..x}}")", "error: position 9: expected a key behind the dot"},
            {R"("{{input.x | join: 1}}")",
             "error: position 19: join needs a string, such as join: \",\""},
            {R"("{{input.x | default: x}}")",
             "error: position 22: the argument of default is not JSON"},
            {R"("{{input.x | default}}")",
             "error: position 20: default needs an argument: default: JSON"},
            {R"("{{input.x | upper: 1}}")", "error: position 18: upper takes no argument"},
            {R"("{{run}}")", "error: position 3: expected run.id or run.external_id"},
            {R"("{{index.x}}")", "error: position 3: nothing can follow in index.x"},
            {R"("{{input.a b}}")", "error: position 11: expected | or }} here"},
            {R"("{{body.a.status}}")",
             "error: position 3: a body step has no status to read; for a field of that name write "
             "body.a.result.status"},
        });
  const auto nested = Template::compile(R"({"a/b":["ok","{{"]})");
  ASSERT_FALSE(nested.ok());
  ASSERT_EQ(nested.error().issues.size(), 1u);
  EXPECT_EQ(nested.error().issues[0].pointer, "/a~1b/1");
}

TEST(Template, ReferencesSayWhatIsReadAndWhetherItMayBeMissing) {
  const auto compiled =
      Template::compile(R"(["{{while.prev.x.result.y}}","{{steps.a.error.code | default: 1}}"])");
  ASSERT_TRUE(compiled.ok());
  ASSERT_EQ(compiled->references().size(), 2u);
  const Reference& prev = compiled->references()[0];
  EXPECT_EQ(prev.root, Root::kWhilePrev);
  EXPECT_EQ(prev.step, "x");
  EXPECT_EQ(prev.path, std::vector<std::string>{"y"});
  EXPECT_FALSE(prev.has_default);
  const Reference& error = compiled->references()[1];
  EXPECT_EQ(error.root, Root::kStepError);
  EXPECT_EQ(error.text, "steps.a.error.code");
  EXPECT_TRUE(error.has_default);
  EXPECT_FALSE(compiled->constant());
  EXPECT_TRUE(Template::compile("{\"a\":[1]}")->constant());
}

TEST(Template, OnePathCostsOneLookup) {
  const Values values = sample();
  const auto compiled = Template::compile(R"("{{steps.a.result.total}}")");
  ASSERT_TRUE(compiled.ok());
  ASSERT_TRUE(compiled->expand(values).ok());
  EXPECT_EQ(values.lookups, 1);
}

}  // namespace
}  // namespace troupe::graph
