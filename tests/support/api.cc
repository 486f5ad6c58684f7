#include "tests/support/api.h"

#include <stdexcept>

#include "tests/support/answer_log.h"

namespace troupe::testing {
namespace {

http_client::Options options_with(const Server& server, http_client::Headers headers) {
  http_client::Options options = server.client_options();
  for (auto& header : headers) options.headers.push_back(std::move(header));
  return options;
}

[[noreturn]] void fail(const std::string& what, const Answer& answer) {
  throw std::runtime_error(what + " was answered " + std::to_string(answer.status) + ": " +
                           answer.text.substr(0, 2000));
}

}  // namespace

Api::Api(const Server& server, http_client::Headers headers)
    : client_(options_with(server, std::move(headers))) {}

Answer Api::call(std::string_view method,
                 const std::string& path,
                 const std::string& body,
                 const http_client::Headers& headers) {
  auto response = client_.request(method, path, headers, body);
  if (!response) {
    throw std::runtime_error(std::string(method) + " " + path + ": " + response.error().message);
  }
  log_answer(method, path, response->status, response->body);
  Answer answer;
  answer.status = response->status;
  answer.text = std::move(response->body);
  answer.headers = std::move(response->headers);
  const bool json = answer.text.starts_with('{') || answer.text.starts_with('[');
  if (json) answer.body = parse_json(answer.text);
  return answer;
}

std::string Api::publish(const std::string& graph, const std::string& name) {
  const Answer made = post("/v1/workflows", R"({"name":")" + name + R"(","graph":)" + graph + "}");
  if (made.status != 201) fail("creating a workflow", made);
  const std::string id = text_at(made.body, "/id");
  const Answer version = post("/v1/workflows/" + id + "/versions", "{}");
  if (version.status != 201) fail("publishing a workflow", version);
  return id;
}

Answer Api::command(const std::string& workflow,
                    const std::string& body,
                    const http_client::Headers& headers) {
  return post("/v1/workflows/" + workflow + "/command", body, headers);
}

std::string Api::start(const std::string& workflow, const std::string& params) {
  const Answer started = command(workflow, R"({"command":"start","params":)" + params + "}");
  if (started.status != 200) fail("start", started);
  return text_at(started.body, "/run_id");
}

Answer Api::control(const std::string& workflow,
                    const std::string& run,
                    const std::string& name,
                    const std::string& more) {
  return command(workflow, R"({"command":")" + name + R"(","params":{"run_id":")" + run + "\"" +
                               (more.empty() ? "" : "," + more) + "}}");
}

Json Api::summary(const std::string& run) {
  const Answer answer = get("/v1/runs/" + run + "/summary");
  if (answer.status != 200) fail("summary", answer);
  return answer.body;
}

Json Api::context(const std::string& run) {
  const Answer answer = get("/v1/runs/" + run + "/context");
  if (answer.status != 200) fail("context", answer);
  return answer.body;
}

std::vector<Json> Api::events(const std::string& run) {
  std::vector<Json> all;
  long long after = 0;
  while (true) {
    const Answer page =
        get("/v1/runs/" + run + "/events?limit=200&after=" + std::to_string(after));
    if (page.status != 200) fail("events", page);
    const auto& items = at(page.body, "/items").as_array();
    if (items.empty()) return all;
    for (const Json& item : items) all.push_back(item);
    after = int_at(all.back(), "/seq");
  }
}

bool Api::follow(const std::string& run,
                 const std::function<bool(const Json&)>& enough,
                 long long after, bool live) {
  bool found = false;
  const auto response = client_.stream(
      "/v1/runs/" + run + "/events?after=" + std::to_string(after), {},
      [&](const http_client::Event& event) {
        if (event.data.empty() || (event.id.empty() && !live)) return true;
        found = enough(parse_json(event.data));
        return !found;
      });
  if (!response) throw std::runtime_error("stream of " + run + ": " + response.error().message);
  if (response->status != 200 && response->status != 204) {
    throw std::runtime_error("stream of " + run + ": " + std::to_string(response->status));
  }
  return found;
}

Json Api::wait_for(const std::string& run, const std::string& type, const std::string& step) {
  Json found;
  const bool there = follow(run, [&](const Json& event) {
    const bool fits = text_at(event, "/event_type") == type &&
                      (step.empty() || text_at(event, "/step_id") == step);
    if (fits) found = event;
    return fits;
  });
  if (!there) throw std::runtime_error("run " + run + " ended without " + type + " " + step);
  return found;
}

Json Api::wait_end(const std::string& run) {
  follow(run, [](const Json&) { return false; });
  Json row = summary(run);
  if (!at(row, "/run_complete").as_bool()) {
    throw std::runtime_error("the stream ended before the run: " + boost::json::serialize(row));
  }
  return row;
}

Json Api::run(const std::string& workflow, const std::string& params) {
  return wait_end(start(workflow, params));
}

std::vector<std::string> column(const Answer& list, const std::string& key) {
  std::vector<std::string> out;
  for (const Json& item : at(list.body, "/items").as_array()) {
    out.push_back(text_at(item, "/" + key));
  }
  return out;
}

}  // namespace troupe::testing
