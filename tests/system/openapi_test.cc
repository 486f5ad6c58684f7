// /openapi.json: public linters find nothing to say about it, and the server does nothing that it
// does not say. Requests are made from the document itself, right ones and broken ones; and what
// other system tests are answered is compared with its schemas.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "runtime/base/random.h"
#include "tests/system/people.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

using Members = boost::json::object;

constexpr int kRequests = 6000;
constexpr std::uint64_t kSeed = 20261123;

class OpenApi : public SystemTest {
 protected:
  OpenApi() : server_(data_dir(), {{"TROUPE_ACCESS__SIGN_UP", "open"},
                                   {"TROUPE_ACCESS__SIGN_INS_PER_MINUTE", "10000"}}) {
    server_.start();
    document_ = api_of(server_, "").get("/openapi.json").body;
  }

  /// Brings the packages of one of the build's folders, and the document beside them.
  void prepare(const std::string& folder) {
    const Outcome installed = run_program(
        {.arguments = {TROUPE_NPM, "install", "--no-audit", "--no-fund", "--prefer-offline"},
         .directory = folder},
        300'000);
    ASSERT_EQ(installed.exit, 0) << installed.err;
    std::ofstream(folder + "/openapi.json") << api_of(server_, "").get("/openapi.json").text;
  }

  Server server_;
  Json document_;
};

TEST_F(OpenApi, PublicLintersFindNothing) {
  const std::string folder = TROUPE_LINT_FOLDER;
  ASSERT_NO_FATAL_FAILURE(prepare(folder));
  const std::string bin = folder + "/node_modules/.bin/";
  const Outcome redocly = run_program(
      {.arguments = {bin + "redocly", "lint", "openapi.json", "--config", "redocly.yaml",
                     "--max-problems", "1000"},
       .environment = {{"REDOCLY_TELEMETRY", "off"}, {"REDOCLY_SUPPRESS_UPDATE_NOTICE", "true"}},
       .directory = folder},
      120'000);
  EXPECT_EQ(redocly.exit, 0) << redocly.out << redocly.err;
  EXPECT_EQ((redocly.out + redocly.err).find("warning"), std::string::npos)
      << redocly.out << redocly.err;
  const Outcome spectral = run_program({.arguments = {bin + "spectral", "lint", "openapi.json",
                                                      "-r", "spectral.yaml", "--fail-severity",
                                                      "hint"},
                                        .directory = folder},
                                       120'000);
  EXPECT_EQ(spectral.exit, 0) << spectral.out << spectral.err;
}

/// Makes requests from the document: each part right, or broken in one of the usual ways.
class Generator {
 public:
  Generator(const Json& document, std::map<std::string, std::string> known)
      : document_(document), known_(std::move(known)), random_(kSeed) {}

  struct Request {
    std::string method, pattern, path, body;
    http_client::Headers headers;
    const Json* operation = nullptr;
  };

  Request next() {
    const Members& paths = document_.at("paths").as_object();
    const auto path = std::next(paths.begin(), static_cast<long>(random_.below(paths.size())));
    const Members& methods = path->value().as_object();
    const auto method =
        std::next(methods.begin(), static_cast<long>(random_.below(methods.size())));
    Request request;
    request.operation = &method->value();
    request.pattern = path->key();
    request.method = std::string(method->key());
    for (char& c : request.method) c = static_cast<char>(std::toupper(c));
    request.path = request.pattern;
    fill_parameters(request);
    const Members& operation = method->value().as_object();
    if (operation.contains("requestBody")) request.body = body_of(operation);
    return request;
  }

 private:
  bool one_in(std::uint64_t n) { return random_.below(n) == 0; }
  std::string any_of(const std::vector<std::string>& texts) {
    return texts[random_.below(texts.size())];
  }

  void fill_parameters(Request& request) {
    for (const Json& parameter : request.operation->at("parameters").as_array()) {
      const std::string name = text_at(parameter, "/name");
      const std::string in = text_at(parameter, "/in");
      if (in == "path") {
        const std::string place = "{" + name + "}";
        request.path.replace(request.path.find(place), place.size(), path_value(name));
      } else if (in == "query" && one_in(2)) {
        request.path += request.path.find('?') == std::string::npos ? '?' : '&';
        request.path += name + "=" + query_value(name);
      } else if (in == "header" && name == "X-Tenant-Id") {
        const std::string other = any_of({"nowhere", "", "%", "A b"});
        request.headers.emplace_back(name, one_in(8) ? other : "acme");
      } else if (in == "header" && name == "X-Project-Id" && one_in(2)) {
        request.headers.emplace_back(name, one_in(4) ? any_of({"nowhere", "x y"}) : "default");
      } else if (in == "header" && name == "If-Match" && !one_in(3)) {
        request.headers.emplace_back(name, any_of({"\"1\"", "*", "W/\"1\"", "1", "\"x\""}));
      } else if (in == "header" && name == "Idempotency-Key" && one_in(3)) {
        request.headers.emplace_back(name, any_of({"k", std::string(300, 'k'), " "}));
      }
    }
    // The stream of a run that goes on has no end.
    const bool is_endless = request.path.find(known_.at("run")) != std::string::npos;
    if (one_in(20)) {
      request.headers.emplace_back("Accept", is_endless ? "text/html" : "text/event-stream");
    }
    if (one_in(20)) request.headers.emplace_back("Content-Type", "text/plain");
  }
  std::string path_value(const std::string& name) {
    if (one_in(4)) {
      return any_of({"x", "%00", "%", "..", "%2e%2e", "0b3e9c1a-7a55-4a0e-9d3c-3f4c8a1b2c3d",
                     "99999999999999999999", "-1", std::string(300, 'a'), "a%20b"});
    }
    const auto value = known_.find(name);
    return value == known_.end() ? "0b3e9c1a-7a55-4a0e-9d3c-3f4c8a1b2c3d" : value->second;
  }
  std::string query_value(const std::string& name) {
    if (one_in(3)) return any_of({"", "%", "-1", "x", "%00", "99999999999999999999", "1e3"});
    if (name == "limit" || name == "after" || name == "against") return any_of({"1", "7", "200"});
    return any_of({"running", "true", "draft", "2026-01-01T00:00:00Z", "abc"});
  }

  std::string body_of(const Members& operation) {
    if (one_in(12)) {
      return any_of({"", "{", "null", "[]", "1", "\"x\"", "{\"a\":1,\"a\":2}", "{\"a\":1e999}",
                     "\xff\xfe", "{\"a\":\"\\ud800\"}", std::string(70, '[')});
    }
    const Json& media =
        operation.at("requestBody").at("content").at("application/json").at("schema");
    return boost::json::serialize(value_of(media, 0));
  }
  const Json& resolved(const Json& schema) const {
    const Members& members = schema.as_object();
    if (!members.contains("$ref")) return schema;
    return at(document_, text_at(schema, "/$ref").substr(1));
  }
  Json wrong_value() {
    switch (random_.below(8)) {
      case 0: return nullptr;
      case 1: return -1;
      case 2: return 1e300;
      case 3: return "";
      case 4: return boost::json::string(std::string(9000, 'x'));
      case 5: return boost::json::array{1, "a", nullptr};
      case 6: return Members{{"a", 1}};
      default: return true;
    }
  }
  Json value_of(const Json& reference, int depth) {
    if (depth > 6 || one_in(15)) return wrong_value();
    const Json& schema = resolved(reference);
    const Members& members = schema.as_object();
    if (members.contains("enum")) {
      const auto& words = schema.at("enum").as_array();
      return words[random_.below(words.size())];
    }
    const std::string type = text_at(schema, "/type");
    if (type == "object" || members.contains("properties")) return object_of(schema, depth);
    if (type == "array") {
      boost::json::array list;
      for (std::uint64_t n = random_.below(4); n > 0 && members.contains("items"); --n) {
        list.push_back(value_of(schema.at("items"), depth + 1));
      }
      return list;
    }
    if (type == "integer") return static_cast<std::int64_t>(random_.below(100));
    if (type == "boolean") return one_in(2);
    if (type != "string") return any_of({"a", "b"}).c_str();
    const std::string format = text_at(schema, "/format");
    if (format == "uuid") return "0b3e9c1a-7a55-4a0e-9d3c-3f4c8a1b2c3d";
    if (format == "email") return (any_of({"a", "b"}) + "@example.org").c_str();
    if (format == "date-time") return "2030-01-01T00:00:00Z";
    return any_of({"abc", "a-b", "correct mule battery 9", "x", "#aabbcc"}).c_str();
  }
  Json object_of(const Json& schema, int depth) {
    Members object;
    if (schema.as_object().contains("properties")) {
      for (const auto& [name, member] : schema.at("properties").as_object()) {
        if (one_in(4)) continue;
        object[name] = name == "graph" && one_in(2) ? graph() : value_of(member, depth + 1);
      }
    }
    if (one_in(6)) object["unknown"] = wrong_value();
    return object;
  }
  Json graph() {
    return parse_json(quoted("{@steps@:[") + lua("a", "return {v=1}") + "]}");
  }

  const Json& document_;
  const std::map<std::string, std::string> known_;
  Random random_;
};

TEST_F(OpenApi, TheServerDoesNothingThatItDoesNotSay) {
  const Person ada = Person::sign_up(server_, "ada", "acme");
  Api inside = ada.in("acme", "default");
  const std::string flow = inside.publish(
      quoted("{@steps@:[{@id@:@ok@,@type@:@human_task@,@name@:@ok@,@task_type@:@approval@}]}"));
  const std::string run = inside.start(flow);
  Generator generator(document_, {{"id", flow},
                                  {"run", run},
                                  {"version", "1"},
                                  {"step", "ok"},
                                  {"task", "ok"},
                                  {"project", "default"},
                                  {"environment", "staging"},
                                  {"user", ada.id()}});
  Api operator_api = Api(server_);
  Api ada_api = ada.api();
  Api nobody = api_of(server_, "");
  std::map<int, int> seen;
  for (int i = 0; i < kRequests; ++i) {
    const Generator::Request request = generator.next();
    // These would end what the rest of the requests is made with.
    if (request.pattern == "/v1/auth/sign-out" || request.pattern == "/v1/me/password") continue;
    Api& api = i % 5 == 0 ? nobody : i % 2 == 0 ? ada_api : operator_api;
    const Answer answer =
        api.call(request.method, request.path, request.body, request.headers);
    ++seen[answer.status];
    const std::string status = std::to_string(answer.status);
    const Members& responses = request.operation->at("responses").as_object();
    EXPECT_TRUE(responses.contains(status))
        << request.method << " " << request.path << " " << request.body.substr(0, 300) << "\n"
        << status << " " << answer.text.substr(0, 300);
    EXPECT_LT(answer.status, 500) << request.path << answer.text;
    if (answer.status >= 400) {
      EXPECT_FALSE(answer.code().empty()) << request.path << " " << answer.text;
    }
  }
  for (const int status : {200, 201, 204, 400, 401, 403, 404, 409, 415, 422}) {
    EXPECT_GT(seen[status], 5) << "too few requests came to " << status;
  }
}

/// Whatever Api is answered while this lives goes to a file.
class Recording {
 public:
  explicit Recording(const std::string& file) { ::setenv("TROUPE_ANSWERS", file.c_str(), 1); }
  ~Recording() { ::unsetenv("TROUPE_ANSWERS"); }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;
};

/// Models and connections, with a provider that nobody may reach.
void visit_outside(Api& team, Api& project) {
  const Answer key = team.post(
      "/v1/provider-keys",
      quoted("{@name@:@k@,@provider@:@openai_compatible@,@base_url@:@https://127.0.0.1:9@,"
             "@models@:[{@name@:@m@,@price@:{@input@:0.5}}],@environment@:@lab@,@api_key@:@sk@}"));
  const std::string at_key = "/v1/provider-keys/" + text_at(key.body, "/id");
  team.get(at_key);
  team.call("PATCH", at_key, R"({"environment":""})");
  team.post(at_key + "/test", "{}");
  const Answer made = project.post(
      "/v1/connections", quoted("{@name@:@shop@,@auth@:@header@,@auth_name@:@X-Key@,"
                                "@hosts@:[@*.shop.example@],@value@:@secret@}"));
  const std::string at_made = "/v1/connections/" + text_at(made.body, "/id");
  project.get(at_made);
  project.call("PATCH", at_made, R"({"enabled":false})");
  project.publish(quoted("{@steps@:[{@id@:@h@,@type@:@http_request@,@name@:@h@,@method@:@GET@,"
                         "@url@:@https://a.shop.example@,@connection_id@:@shop@}]}"));
  project.get(at_made + "/usage");
}

/// Asks for what the other tests do not ask for, or not by this path.
void visit_the_rest(const Server& server) {
  Api nobody = api_of(server, "");
  for (const std::string path : {"/healthz", "/livez", "/readyz?verbose", "/openapi.json"}) {
    nobody.get(path);
  }
  const Person ada = Person::sign_up(server, "ada", "acme");
  Api team = ada.in("acme"), project = ada.in("acme", "default");
  team.call("PATCH", "/v1/me", quoted("{@name@:@Ada@}"));
  team.post("/v1/environments", quoted("{@slug@:@lab@}"));
  team.call("PATCH", "/v1/environments/lab", quoted("{@colour@:@#aabbcc@}"));
  team.call("PATCH", "/v1/projects/default", quoted("{@retention_days@:30}"));
  const Answer invites =
      team.post("/v1/invites", R"({"invites":[{"email":"bob@example.org"}]})");
  const std::string invite = text_at(invites.body, "/items/0/token");
  Person::sign_up(server, "bob", "bobs").api().post("/v1/invites:show",
                                                    R"({"token":")" + invite + R"("})");
  visit_outside(team, project);
  team.post("/v1/projects/default/secrets", quoted("{@path@:@a@,@value@:@b@}"));
  team.post("/v1/projects/default/secrets:reveal", quoted("{@path@:@a@}"));
  Api operates(server);
  operates.post("/v1/master-key:rotate", "");
  operates.get("/v1/nodes");
  const std::string flow = project.publish(
      quoted("{@steps@:[{@id@:@each@,@type@:@for_each@,@name@:@e@,@for_each_items@:{@count@:3},"
             "@for_each_body_steps@:[") +
      lua("b", "print(item) return {v=string.rep('x', 40000)}") +
      quoted("]},{@id@:@ok@,@type@:@human_task@,@name@:@ok@,@task_type@:@approval@},"
             "{@id@:@go@,@type@:@wait_event@,@name@:@g@,@event@:@go@}],"
             "@output@:@{{steps.each.result}}@}"));
  project.get("/v1/workflows/" + flow + "/versions/1");
  const std::string run = project.start(flow);
  const std::string by_flow = "/v1/workflows/" + flow + "/runs/" + run;
  project.wait_for(run, "step_waiting", "ok");
  project.wait_for(run, "step_completed", "each");
  for (const std::string& at : {"/v1/runs/" + run, by_flow}) {
    for (const std::string rest : {"", "/summary", "/events", "/context", "/logs",
                                   "/steps/each/items", "/tasks/pending"}) {
      project.get(at + rest);
    }
  }
  project.post(by_flow + "/events", R"({"event":"go"})");
  const std::string task =
      text_at(project.get(by_flow + "/tasks/pending").body, "/items/0/task_id");
  project.post(by_flow + "/tasks/" + task + "/complete", R"({"approved":true})");
  const std::string value = text_at(project.wait_end(run), "/output/href");
  project.get(value);
  project.get(by_flow + value.substr(value.find("/values/")));
}

TEST_F(OpenApi, AnswersAreAsTheDocumentSays) {
  const std::string folder = TROUPE_LINT_FOLDER "/answers";
  ASSERT_NO_FATAL_FAILURE(prepare(folder));
  const std::string answers = file("answers.jsonl", "");
  {
    const Recording recording(answers);
    visit_the_rest(server_);
    for (const std::string test : {TROUPE_ACCESS_TEST, TROUPE_CONTROL_TEST}) {
      const Outcome tested = run_program(
          {.arguments = {test}, .environment = {{"TROUPE_ANSWERS", answers}}}, 300'000);
      EXPECT_EQ(tested.exit, 0) << tested.out;
    }
  }
  const Outcome compared =
      run_program({.arguments = {TROUPE_NODE, "check_answers.mjs", "openapi.json", answers},
                   .directory = folder},
                  60'000);
  EXPECT_EQ(compared.exit, 0) << compared.out << compared.err;
  const std::size_t last = compared.out.rfind('\n', compared.out.size() - 2) + 1;
  const Json sum = parse_json(compared.out.substr(last));
  EXPECT_GT(int_at(sum, "/answers"), 4'000);
  // A node that drains needs others: that is a matter of the cluster's tests.
  EXPECT_EQ(boost::json::serialize(at(sum, "/unchecked")), R"(["POST /v1/nodes/{name}/drain"])")
      << "no success was seen of these";
}

}  // namespace
}  // namespace troupe::testing
