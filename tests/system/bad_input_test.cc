// What must be refused: precisely, without harm to the server, and without a trace in the store.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

namespace fs = std::filesystem;

struct BadGraph {
  std::string name;
  std::string graph;
  std::string code;
  std::string pointer;  ///< into the graph
  std::string place;    ///< line:column in the file
};

/// Graphs that are JSON, each with the one finding that it must have. The steps stand on line 2.
std::vector<BadGraph> bad_graphs() {
  const auto in_lines = [](const std::string& steps) {
    return "{\"steps\":[\n" + quoted(steps) + "\n]}";
  };
  const std::string good = "{@id@:@a@,@type@:@lua_script@,@name@:@a@,@script@:@return {}@}";
  return {
      {"a repeated id", in_lines(good + ",\n" + good), "duplicate_id", "/steps/1/id", ":3:"},
      {"a circle of one",
       in_lines("{@id@:@a@,@type@:@lua_script@,@name@:@a@,@script@:@return {}@,"
                "@depends_on@:[@a@]}"),
       "cycle", "/steps/0/depends_on/0", ":2:"},
      {"an unknown dependency",
       in_lines("{@id@:@a@,@type@:@lua_script@,@name@:@a@,@script@:@return {}@,"
                "@depends_on@:[@b@]}"),
       "dangling_dependency", "/steps/0/depends_on/0", ":2:"},
      {"an unknown type", in_lines("{@id@:@a@,@type@:@teleport@,@name@:@a@}"), "unknown_type",
       "/steps/0/type", ":2:"},
      {"an old shape", in_lines("{@id@:@a@,@type@:@parallel@,@name@:@a@}"), "legacy_shape",
       "/steps/0/type", ":2:"},
      {"no script", in_lines("{@id@:@a@,@type@:@lua_script@,@name@:@a@}"), "missing_field",
       "/steps/0/script", ":2:"},
      {"a script that is a number",
       in_lines("{@id@:@a@,@type@:@lua_script@,@name@:@a@,@script@:7}"), "invalid_field",
       "/steps/0/script", ":2:"},
      {"Lua that cannot be compiled",
       in_lines("{@id@:@a@,@type@:@lua_script@,@name@:@a@,@script@:@return {@}"), "lua_syntax",
       "/steps/0/script", ":2:"},
      {"a template of a step that is not there",
       in_lines("{@id@:@a@,@type@:@wait@,@name@:@a@,@duration_s@:@{{steps.nobody.result.x}}@}"),
       "template_unknown_step", "/steps/0/duration_s", ":2:"},
      {"a template that does not end",
       in_lines("{@id@:@a@,@type@:@wait@,@name@:@a@,@duration_s@:@{{input.x@}"),
       "template_syntax", "/steps/0/duration_s", ":2:"},
      {"a template of a step that is not upstream",
       in_lines(good + ",\n{@id@:@b@,@type@:@wait@,@name@:@b@,"
                       "@duration_s@:@{{steps.a.result.x}}@}"),
       "template_not_upstream", "/steps/1/duration_s", ":3:"},
      {"an id with a blank",
       in_lines("{@id@:@a b@,@type@:@lua_script@,@name@:@a@,@script@:@return {}@}"),
       "invalid_field", "/steps/0/id", ":2:"},
      {"no steps", "{\"steps\":[]}", "missing_field", "/steps", ":1:"},
  };
}

class BadInput : public ServerTest {
 protected:
  /// The server must still work, and nothing of what was refused may be there.
  void TearDown() override {
    EXPECT_TRUE(server_.running()) << server_.process().err();
    EXPECT_EQ(api_.get("/readyz").status, 200);
    EXPECT_TRUE(column(api_.get("/v1/workflows"), "id").empty());
    EXPECT_TRUE(column(api_.get("/v1/runs"), "run_id").empty());
  }

  void expect_refused(const std::string& what,
                      const std::string& body,
                      int status,
                      const std::string& code) {
    const Answer answer = api_.post("/v1/workflows", body);
    EXPECT_EQ(answer.status, status) << what << answer.text;
    EXPECT_EQ(answer.code(), code) << what << answer.text;
    EXPECT_EQ(int_at(answer.body, "/status"), answer.status) << what;
  }
};

bool has_error(const Answer& answer, const std::string& pointer, const std::string& code) {
  const Json& errors = at(answer.body, "/errors");
  if (!errors.is_array()) return false;
  return std::any_of(errors.as_array().begin(), errors.as_array().end(), [&](const Json& error) {
    return text_at(error, "/pointer") == pointer && text_at(error, "/code") == code;
  });
}

TEST_F(BadInput, AnInvalidGraphIsRefusedWithCodeAndPointer) {
  for (const BadGraph& bad : bad_graphs()) {
    const Answer answer =
        api_.post("/v1/workflows", R"({"name":"bad","graph":)" + bad.graph + "}");
    EXPECT_EQ(answer.status, 422) << bad.name << answer.text;
    EXPECT_EQ(answer.code(), "validation_failed") << bad.name;
    EXPECT_TRUE(has_error(answer, "/graph" + bad.pointer, bad.code)) << bad.name << answer.text;
  }
}

TEST_F(BadInput, BodiesOfTheWrongShapeAreRefusedWithTheirPlace) {
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      {R"([])", "", "invalid_field"},
      {R"({"name":7,"graph":{"steps":[]}})", "/name", "invalid_field"},
      {R"({"graph":{"steps":[]}})", "/name", "missing_field"},
      {R"({"name":"x"})", "/graph", "missing_field"},
      {R"({"name":"x","graph":[]})", "/graph", "invalid_field"},
      {R"({"name":"","graph":{"steps":[]}})", "/name", "invalid_field"},
  };
  for (const auto& [body, pointer, code] : cases) {
    const Answer answer = api_.post("/v1/workflows", body);
    EXPECT_EQ(answer.status, 422) << body << answer.text;
    EXPECT_TRUE(has_error(answer, pointer, code)) << body << answer.text;
  }
}

TEST_F(BadInput, WhatIsNoJsonIsRefusedBeforeAnybodyReadsIt) {
  const std::string deep(100'000, '[');
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  const std::vector<std::pair<std::string, std::string>> bodies = {
      {"an open brace", "{"},
      {"two values", "{} {}"},
      {"a trailing comma", R"({"name":"x",})"},
      {"a repeated key", R"({"name":"x","name":"y","graph":{}})"},
      {"100,000 arrays", deep},
      {"100,000 objects", objects},
      {"invalid UTF-8", "{\"name\":\"\xff\xfe\"}"},
      {"an overlong slash", "{\"name\":\"\xc0\xaf\"}"},
      {"half of a surrogate pair", R"({"name":"\ud800"})"},
      {"a raw control character", "{\"name\":\"a\nb\"}"},
      {"NaN", R"({"name":NaN})"},
      {"a byte order mark", "\xef\xbb\xbf{}"},
  };
  for (const auto& [what, body] : bodies) expect_refused(what, body, 400, "invalid_json");
}

TEST_F(BadInput, ABodyOfTenMegabytesIsRefusedForItsSize) {
  const std::string large(10 << 20, 'x');
  for (const std::string& path : {std::string("/v1/workspaces"), std::string("/v1/events")}) {
    const Answer answer = api_.post(path, R"({"slug":"a","name":")" + large + "\"}");
    EXPECT_EQ(answer.status, 413) << path;
    EXPECT_EQ(answer.code(), "payload_too_large") << path;
  }
  const Answer graph = api_.post(
      "/v1/workflows", R"({"name":"x","graph":{"steps":[],"params":{"x":")" + large + "\"}}}");
  EXPECT_TRUE(graph.status == 413 || graph.status == 422) << graph.status;
}

TEST_F(BadInput, WrongMethodsPathsTypesAndIdsHaveTheirOwnCodes) {
  EXPECT_EQ(api_.call("PUT", "/v1/workflows", "{}").status, 405);
  EXPECT_EQ(api_.get("/v1/nothing").status, 404);
  EXPECT_EQ(api_.get("/v1/runs/not-a-uuid/summary").status, 404);
  EXPECT_EQ(api_.get("/v1/workflows/%ff").status, 404);
  EXPECT_EQ(
      api_.post("/v1/workflows", "a=b", {{"Content-Type", "application/x-www-form-urlencoded"}})
          .status,
      415);
  EXPECT_EQ(api_.get("/v1/runs?limit=many").status, 400);
}

/// The folder of the JSON corpus; empty, and said so, where it is absent.
fs::path corpus() {
  const char* root = std::getenv("TROUPE_CORPORA");
  const fs::path folder =
      fs::path(root == nullptr ? "../shared/corpora" : root) / "json-parsing" / "test_parsing";
  if (fs::is_directory(folder)) return folder;
  std::cerr << "NOT RUN: bodies from the JSON corpus; " << folder << " is absent\n";
  return {};
}

TEST_F(BadInput, NoInvalidTextOfTheJsonCorpusIsTakenAsABody) {
  const fs::path folder = corpus();
  if (folder.empty()) return;
  int refused = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("n_")) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    // An empty body is a missing one, which has its own answer.
    const Answer answer = api_.post("/v1/workflows", text.str());
    EXPECT_EQ(answer.status, 400) << name << answer.text;
    ++refused;
  }
  EXPECT_EQ(refused, 188);
}

TEST_F(SystemTest, TheCommandLineSaysWhereAnInvalidGraphIsWrong) {
  for (const BadGraph& bad : bad_graphs()) {
    const std::string path = file("bad.json", bad.graph);
    for (const char* verb : {"validate", "run"}) {
      std::vector<std::string> arguments = {verb, path};
      if (verb == std::string("run")) arguments.insert(arguments.end(), {"--data-dir", data_dir()});
      const Outcome outcome = troupe(arguments);
      EXPECT_EQ(outcome.exit, 2) << bad.name << outcome.err;
      EXPECT_EQ(outcome.out, "") << bad.name;
      EXPECT_NE(outcome.err.find(path + bad.place), std::string::npos) << bad.name << outcome.err;
      EXPECT_NE(outcome.err.find("[" + bad.code + "]"), std::string::npos)
          << bad.name << outcome.err;
    }
  }
  EXPECT_FALSE(fs::exists(data_dir())) << "an invalid graph must not even make the directory";
}

TEST_F(SystemTest, TheCommandLineSaysWhereTextIsNoJson) {
  const std::string path = file("bad.json", "{\n  \"steps\": [\n    {\"id\": }\n  ]\n}\n");
  const Outcome outcome = troupe({"run", path, "--data-dir", data_dir()});
  EXPECT_EQ(outcome.exit, 2);
  EXPECT_NE(outcome.err.find(path + ":3:"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("[invalid_json]"), std::string::npos) << outcome.err;
  EXPECT_EQ(troupe({"run", path + ".absent"}).exit, 2);
  const std::string good = file("good.json", quoted("{@steps@:[") + lua("a", "return {}") + "]}");
  EXPECT_EQ(troupe({"run", good, "--input", "[1]", "--data-dir", data_dir()}).exit, 2);
  EXPECT_EQ(troupe({"run", good, "--input", "{", "--data-dir", data_dir()}).exit, 2);
}

}  // namespace
}  // namespace troupe::testing
