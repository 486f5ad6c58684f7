#include "runtime/schema/schema.h"

#include <gtest/gtest.h>

#include <sstream>

#include "adapters/re2/pattern_compiler.h"
#include "runtime/schema/metaschema.h"

namespace troupe::schema {
namespace {

const re2::Re2PatternCompiler kPatterns;

std::shared_ptr<const Schema> compile(std::string text) {
  const Result<json::Text> parsed = json::Text::parse(text);
  EXPECT_TRUE(parsed.ok()) << text;
  auto schema = Schema::compile(*parsed, kPatterns);
  EXPECT_TRUE(schema.ok()) << schema.error().message;
  return schema.ok() ? *schema : nullptr;
}

std::string issues_of(const Schema& schema, std::string_view instance, std::size_t most = 20) {
  std::string list;
  for (const Issue& issue : schema.validate(instance, most)) {
    EXPECT_EQ(issue.code, Code::kAnswerInvalid);
    list += issue.pointer + " " + issue.message + "\n";
  }
  return list;
}

TEST(Schema, IssuesNameThePlaceAndTheKeyword) {
  const auto schema = compile(R"({
    "type": "object", "required": ["name", "age"],
    "properties": {
      "name": {"type": "string", "minLength": 3, "pattern": "^[a-z]+$"},
      "age": {"type": "integer", "minimum": 0},
      "a/b": {"items": {"enum": ["x", 1, null, "y"]}}
    },
    "additionalProperties": false})");
  EXPECT_EQ(issues_of(*schema, R"({"name":"anna","age":3})"), "");
  EXPECT_EQ(issues_of(*schema, R"({"name":"A","a/b":["x",1.0,2],"more":1})"),
            " required: the property \"age\" is missing\n"
            "/name minLength: must have at least 3 characters, has 1\n"
            "/name pattern: must match ^[a-z]+$\n"
            "/a~1b/2 enum: must be one of \"x\", 1, null, \"y\"\n"
            "/more additionalProperties: nothing is allowed here\n");
  EXPECT_EQ(issues_of(*schema, R"({"name":1,"age":1.5})"),
            "/name type: must be a string, is a number\n"
            "/age type: must be an integer, is a number\n");
  EXPECT_EQ(issues_of(*schema, " [] "), " type: must be an object, is an array\n");
}

TEST(Schema, NoMoreIssuesThanAskedFor) {
  const auto schema = compile(R"({"items": {"type": "string"}})");
  std::string many = "[0";
  for (int i = 0; i < 100; ++i) many += ",0";
  EXPECT_EQ(schema->validate(many + "]", 7).size(), 7u);
  EXPECT_EQ(schema->validate(many + "]", 0).size(), 1u);
}

TEST(Schema, BadSchemasAreRefusedWithAPointerIntoThem) {
  const std::pair<const char*, const char*> cases[] = {
      {R"([])", ""},
      {R"({"type":"text"})", "/type"},
      {R"({"type":[]})", "/type"},
      {R"({"type":["string","string"]})", "/type"},
      {R"({"properties":{"a":{"minLength":-1}}})", "/properties/a/minLength"},
      {R"({"properties":{"a/b":5}})", "/properties/a~1b"},
      {R"({"properties":[]})", "/properties"},
      {R"({"items":[{}]})", "/items"},
      {R"({"allOf":[]})", "/allOf"},
      {R"({"allOf":[{},3]})", "/allOf/1"},
      {R"({"enum":{}})", "/enum"},
      {R"({"required":["a","a"]})", "/required"},
      {R"({"required":true})", "/required"},
      {R"({"dependentRequired":{"a":[1]}})", "/dependentRequired/a"},
      {R"({"multipleOf":0})", "/multipleOf"},
      {R"({"minimum":"1"})", "/minimum"},
      {R"({"exclusiveMinimum":true})", "/exclusiveMinimum"},
      {R"({"maxItems":1.5})", "/maxItems"},
      {R"({"uniqueItems":1})", "/uniqueItems"},
      {R"({"pattern":"("})", "/pattern"},
      {R"_({"pattern":"(?=a)"})_", "/pattern"},
      {R"({"patternProperties":{"[":{}}})", "/patternProperties/["},
      {R"({"$ref":"#/$defs/none"})", "/$ref"},
      {R"({"$ref":"https://example.com/other"})", "/$ref"},
      {R"({"$ref":"#nowhere"})", "/$ref"},
      {R"({"$ref":"#/title","title":"a"})", "/title"},
      {R"({"$defs":{"a":{"$ref":1}}})", "/$defs/a/$ref"},
      {R"({"$anchor":"1a"})", "/$anchor"},
      {R"({"$id":"a#b"})", "/$id"},
      {R"({"$schema":"https://example.com/dialect"})", "/$schema"},
      {R"({"title":1})", "/title"},
      {R"({"readOnly":"no"})", "/readOnly"},
  };
  for (const auto& [text, pointer] : cases) {
    const auto schema = Schema::compile(*json::Text::parse(text), kPatterns);
    ASSERT_FALSE(schema.ok()) << text;
    EXPECT_EQ(schema.error().code, Code::kSchemaInvalid);
    ASSERT_FALSE(schema.error().issues.empty()) << text;
    EXPECT_EQ(schema.error().issues[0].pointer, pointer) << schema.error().message;
  }
  EXPECT_FALSE(Schema::compile(json::Text(), kPatterns).ok());
}

const char* const kValues[] = {
    "null",      "true",       "1",   "-1",      "1.5",          "\"a\"",        "[]",
    "{}",        "[true]",     "[1]", "[\"a\"]", "[\"string\"]", "{\"a\":true}", "{\"a\":[\"b\"]}",
    "{\"a\":1}", "\"string\"", "0"};

constexpr std::string_view kKeywords =
    "$defs $comment additionalProperties allOf anyOf const contains contentEncoding "
    "contentMediaType contentSchema default definitions dependencies dependentRequired "
    "dependentSchemas "
    "deprecated description else enum examples exclusiveMaximum exclusiveMinimum format if "
    "items maxContains maxItems maxLength maxProperties maximum minContains minItems "
    "minLength minProperties minimum multipleOf not oneOf pattern patternProperties "
    "prefixItems properties propertyNames readOnly required then title type unevaluatedItems "
    "unevaluatedProperties uniqueItems writeOnly";

TEST(Schema, CompilerAndMetaSchemaAgreeOnShapes) {
  const auto meta = compile("{\"$ref\":\"" + std::string(kDialect) + "\"}");
  std::istringstream keywords{std::string(kKeywords)};
  for (std::string keyword; keywords >> keyword;) {
    for (const char* value : kValues) {
      const std::string text = "{\"" + keyword + "\":" + value + "}";
      const bool compiles = Schema::compile(*json::Text::parse(text), kPatterns).ok();
      EXPECT_EQ(compiles, meta->validate(text).empty()) << text;
    }
  }
}

TEST(Schema, OlderDialectsAreReadAsThisOne) {
  const auto schema = compile(R"({"$schema":"http://json-schema.org/draft-07/schema#",
                                  "definitions":{"n":{"type":"null"}},"$ref":"#/definitions/n"})");
  EXPECT_EQ(issues_of(*schema, "null"), "");
  EXPECT_NE(issues_of(*schema, "1"), "");
}

TEST(Schema, EndlessReferencesEndWithAnIssue) {
  for (const char* text : {R"({"$ref":"#"})", R"({"$dynamicAnchor":"a","$dynamicRef":"#a"})",
                           R"({"not":{"$ref":"#"}})", R"({"allOf":[{"$ref":"#"},{"$ref":"#"}]})"}) {
    const std::vector<Issue> issues = compile(text)->validate("1");
    ASSERT_EQ(issues.size(), 1u) << text;
    EXPECT_EQ(issues[0].message, "$ref: the schema refers to itself without end");
  }
}

TEST(Schema, RecursionThatEndsIsNotMistakenForOneThatDoesNot) {
  const auto schema =
      compile(R"({"type":["array","null"],"items":{"allOf":[{"$ref":"#"}]},"maxItems":1})");
  const std::string open(200, '[');
  const std::string close(200, ']');
  EXPECT_EQ(issues_of(*schema, open + "null" + close), "");
  EXPECT_NE(issues_of(*schema, open + "1" + close).find("type: must be"), std::string::npos);
}

TEST(Schema, MultiplyingReferencesEndWithAnIssue) {
  std::string text = "{\"$defs\":{\"d40\":{}";
  for (int i = 0; i < 40; ++i) {
    const std::string next = "{\"$ref\":\"#/$defs/d" + std::to_string(i + 1) + "\"}";
    text += ",\"d" + std::to_string(i) + "\":{\"allOf\":[" + next + "," + next + "]}";
  }
  const std::vector<Issue> issues = compile(text + "},\"$ref\":\"#/$defs/d0\"}")->validate("1");
  ASSERT_EQ(issues.size(), 1u);
  EXPECT_EQ(issues[0].message, "the schema takes too many steps for this value");
}

TEST(Schema, SizeOfASchemaIsBounded) {
  std::string parts = "{\"prefixItems\":[true";
  std::string patterns = "{\"prefixItems\":[true";
  for (int i = 0; i < 30000; ++i) parts += ",{}";
  for (int i = 0; i < 300; ++i) patterns += ",{\"pattern\":\"a\"}";
  for (const std::string& text : {parts, patterns}) {
    const auto schema = Schema::compile(*json::Text::parse(text + "]}"), kPatterns);
    ASSERT_FALSE(schema.ok());
    EXPECT_NE(schema.error().message.find("too many pa"), std::string::npos);
  }
}

TEST(Schema, LargeListsWithoutRepetitionAreCheckedFast) {
  std::string list = "[0";
  for (int i = 1; i < 100000; ++i) list += "," + std::to_string(i);
  const auto schema = compile(R"({"uniqueItems":true})");
  EXPECT_EQ(issues_of(*schema, list + "]"), "");
  EXPECT_EQ(issues_of(*schema, list + ",77.0]"),
            " uniqueItems: elements 77 and 100000 are equal\n");
}

TEST(Schema, DeepOrMissingValuesAreRefused) {
  const auto schema = compile("true");
  EXPECT_EQ(issues_of(*schema, ""), " there is no value\n");
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  EXPECT_EQ(issues_of(*schema, deep), " the value is nested too deeply\n");
  EXPECT_FALSE(Schema::compile(json::Text::trusted(deep), kPatterns).ok());
}

TEST(Schema, RemoteSchemasAreUsedAndTheirFaultsNamed) {
  RemoteSchemas remotes;
  remotes["http://x/good"] = *json::Text::parse(R"({"$defs":{"n":{"type":"null"}}})");
  remotes["http://x/bad"] = *json::Text::parse(R"({"type":"nil"})");
  const auto good = Schema::compile(
      *json::Text::parse(R"({"$id":"http://x/","$ref":"good#/$defs/n"})"), kPatterns, &remotes);
  ASSERT_TRUE(good.ok()) << good.error().message;
  EXPECT_TRUE((*good)->validate("null").empty());
  EXPECT_FALSE((*good)->validate("1").empty());
  const auto bad =
      Schema::compile(*json::Text::parse(R"({"$ref":"http://x/bad"})"), kPatterns, &remotes);
  ASSERT_FALSE(bad.ok());
  EXPECT_NE(bad.error().issues[0].message.find("(in the schema http://x/bad)"), std::string::npos);
}

}  // namespace
}  // namespace troupe::schema
