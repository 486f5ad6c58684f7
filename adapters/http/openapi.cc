#include "adapters/http/openapi.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <vector>

#include "adapters/http/openapi_schemas.h"
#include "adapters/http/route.h"
#include "runtime/json/write.h"

namespace troupe::http {
namespace {

constexpr std::string_view kQueryOfLists = "limit,cursor";
constexpr std::string_view kProviderCallback = "/v1/auth/oidc/callback";

/// Parameters of the query by the end of the path; what is listed nowhere takes none.
std::string_view query_names(const Route& route) {
  const std::string_view path = route.pattern;
  if (path == "/v1/audit:export") return "after";
  if (route.method != Method::kGet) return {};
  if (path == "/readyz") return "verbose";
  if (path == kProviderCallback) return "code,state,iss,error";
  if (path == "/v1/analytics") return "period,from,to,interval,workflow_id";
  if (path.ends_with("/runs")) return "status,workflow_id,from,to,q,external_id,limit,cursor";
  if (path.ends_with("/events") || path.ends_with("/items") || path.ends_with("/logs")) {
    return "after,limit";
  }
  if (path == "/v1/projects") return "archived";
  if (path == "/v1/audit" || path == "/v1/jobs") return kQueryOfLists;
  if (path == "/v1/workflows") return "archived,limit,cursor";
  if (path.ends_with("/versions") || path.ends_with("/pending")) return kQueryOfLists;
  if (path.ends_with("/diff")) return "against";
  if (path.ends_with("{id}/stream")) return "run_id,after";
  return path.ends_with("/stream") ? "after" : "";
}

/// What a parameter may be, by its name.
std::string_view parameter_schema(std::string_view name) {
  constexpr std::string_view kId = R"({"type":"string","format":"uuid"})";
  constexpr std::string_view kSlugOrId = R"({"type":"string","minLength":1,"maxLength":63})";
  if (name == "limit") return R"({"type":"integer","minimum":1,"maximum":4294967295,"default":50})";
  if (name == "after") return R"({"type":"integer","minimum":0})";
  if (name == "version") return R"({"type":"integer","minimum":1,"maximum":2147483647})";
  if (name == "archived") return R"({"type":"boolean","default":false})";
  if (name == "from" || name == "to") return R"({"type":"string","format":"date-time"})";
  if (name == "period") return R"({"enum":["day","week","month","all"],"default":"week"})";
  if (name == "interval") return R"({"enum":["hour","day","week","month"]})";
  if (name == "status") {
    return R"({"enum":["queued","running","paused","draining","completed","failed","stopped"]})";
  }
  for (const std::string_view id : {"id", "run", "job", "user", "session", "token", "invite",
                                    "run_id", "workflow_id", "identity"}) {
    if (name == id) return kId;
  }
  return name == "project" || name.starts_with("X-") ? kSlugOrId : R"({"type":"string"})";
}

void write_parameter(json::Writer& out, std::string_view name, std::string_view in) {
  out.begin_object()
      .member("name", name)
      .member("in", in)
      .member("required", in == "path")
      .member_raw("schema", parameter_schema(name))
      .end_object();
}

void write_parameters(json::Writer& out, const Route& route) {
  out.key("parameters").begin_array();
  std::string_view rest = route.pattern;
  for (std::size_t at = rest.find('{'); at != std::string_view::npos; at = rest.find('{')) {
    const std::size_t end = rest.find('}', at);
    write_parameter(out, rest.substr(at + 1, end - at - 1), "path");
    rest.remove_prefix(end);
  }
  for (std::string_view names = query_names(route); !names.empty();) {
    const std::size_t end = std::min(names.find(','), names.size());
    write_parameter(out, names.substr(0, end), "query");
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  if (route.is_in_tenant()) {
    write_parameter(out, "X-Tenant-Id", "header");
    write_parameter(out, "X-Project-Id", "header");
  }
  if (route.method == Method::kPatch) write_parameter(out, "If-Match", "header");
  constexpr std::string_view kMakesOnce[] = {"Command", "Batch", "NewWorkflow", "Publish",
                                              "NewJob"};
  if (std::find(std::begin(kMakesOnce), std::end(kMakesOnce), route.request_schema) !=
      std::end(kMakesOnce)) {
    write_parameter(out, "Idempotency-Key", "header");
  }
  out.end_array();
}

void write_media_type(json::Writer& out, std::string_view type, std::string_view schema) {
  out.key(type).begin_object().key("schema").begin_object();
  out.member("$ref", "#/components/schemas/" + std::string(schema));
  out.end_object().end_object();
}

void write_content(json::Writer& out, std::string_view type, std::string_view schema) {
  out.key("content").begin_object();
  write_media_type(out, type, schema);
  out.end_object();
}

/// What a success brings: JSON, plain text, or a list that can be had as a stream.
void write_answers(json::Writer& out, const Route& route) {
  if (route.response_schema.empty()) return;
  const bool is_text = route.response_schema == "Text";
  out.key("content").begin_object();
  write_media_type(out, is_text ? "text/plain" : "application/json", route.response_schema);
  if (route.live) write_media_type(out, "text/event-stream", "Text");
  out.end_object();
}

/// A name for generated clients: method and path in one word.
std::string operation_id(const Route& route) {
  std::string id(name(route.method));
  std::transform(id.begin(), id.end(), id.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char c : route.pattern) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) id.push_back(c);
    else if (id.back() != '_') id.push_back('_');
  }
  while (id.back() == '_') id.pop_back();
  return id;
}

/// What the operation belongs to: the first segment behind the version.
std::string tag_of(const Route& route) {
  std::string_view path = route.pattern;
  if (!path.starts_with("/v1/")) return "server";
  path.remove_prefix(4);
  return std::string(path.substr(0, path.find_first_of("/:")));
}

/// The statuses of problems that the operation can answer, sorted. What every request can meet is
/// in all of them: a malformed one, a strange host, a slow or large one, too many, a store away.
std::set<int> problems_of(const Route& route) {
  std::set<int> statuses = {400, 403, 408, 413, 429, 431, 503};
  const bool signs_in = route.request_schema == "SignIn" || route.from_elsewhere;
  if (!route.needs_nobody() || signs_in) statuses.insert(401);
  if (route.from_elsewhere) statuses.insert({404, 409, 422, 504, 507});
  if (route.response_schema == "ProviderUrl") statuses.insert(504);
  const bool names_something = route.pattern.find('{') != std::string_view::npos;
  if (names_something || route.is_in_tenant()) statuses.insert(404);
  if (route.body != Body::kNone) statuses.insert({404, 415, 422});
  if (route.method != Method::kGet) statuses.insert({409, 422, 507});
  const bool is_draft = route.pattern == "/v1/workflows/{id}" && route.method != Method::kGet;
  if (is_draft) statuses.insert({412, 428});
  return statuses;
}

/// What whoever asks has to be allowed, for people.
std::string needs_of(const Route& route) {
  const tenancy::Rule& rule = route.needs.rule();
  if (route.needs_nobody()) return "Needs no token.";
  std::string text = "Permission `" + std::string(rule.name) + "`";
  if (!rule.tokens.allowed) text += "; no access token may.";
  else if (rule.tokens.scope) text += "; tokens need the scope `" +
                                      std::string(tenancy::name(*rule.tokens.scope)) + "`.";
  else text += ".";
  return text;
}

void write_responses(json::Writer& out, const Route& route) {
  out.key("responses").begin_object().key(std::to_string(route.success)).begin_object();
  out.member("description", route.summary);
  write_answers(out, route);
  out.end_object();
  if (route.pattern.ends_with("/secrets") && route.method == Method::kPost) {
    out.key("200").begin_object().member("description", "A new version of one that was there");
    write_content(out, "application/json", route.response_schema);
    out.end_object();
  }
  if (route.pattern.ends_with("/events") && route.method == Method::kGet) {
    out.member_raw("204", R"({"description":"The stream is over, and all of it has been read"})");
  }
  if (route.pattern == "/v1/workflows/{id}" && route.method == Method::kGet) {
    out.member_raw("304", R"({"description":"It is as If-None-Match says"})");
  }
  if (route.request_schema == "SignUp") {
    out.member_raw("202", R"({"description":"The account waits for its address to be verified"})");
  }
  if (route.pattern == kProviderCallback) {
    out.member_raw("204", R"({"description":"The identity is connected"})");
    out.member_raw("303", R"({"description":"To where the sign-in was to end"})");
  }
  for (const int status : problems_of(route)) {
    out.member_raw(std::to_string(status), R"({"$ref":"#/components/responses/Problem"})");
  }
  out.end_object();
}

void write_operation(json::Writer& out, const Route& route) {
  std::string method(name(route.method));
  for (char& c : method) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  out.key(method).begin_object();
  out.member("summary", route.summary).member("operationId", operation_id(route));
  out.member("description", std::string(route.summary) + ". " + needs_of(route));
  out.key("tags").begin_array().string(tag_of(route)).end_array();
  if (route.needs_nobody()) out.member_raw("security", "[]");
  write_parameters(out, route);
  if (route.body != Body::kNone) {
    out.key("requestBody").begin_object().member("required", route.body == Body::kRequired);
    write_content(out, "application/json", route.request_schema);
    out.end_object();
  }
  write_responses(out, route);
  out.end_object();
}

void write_info(json::Writer& out, std::string_view version) {
  out.key("info").begin_object().member("title", "Troupe").member("version", version);
  out.member("description",
             "A durable runtime for the work of agents: workflows, their runs, and who may do what "
             "with them. Errors are problem documents (RFC 9457) with a code.");
  out.member_raw("contact", R"({"name":"Troupe"})");
  out.member_raw("license", R"({"name":"Apache-2.0","identifier":"Apache-2.0"})").end_object();
  out.member_raw("servers",
                 R"([{"url":"/","description":"The server that gave this document"}])");
  std::set<std::string> tags;
  for (const Route& route : routes()) tags.insert(tag_of(route));
  out.key("tags").begin_array();
  for (const std::string& tag : tags) {
    out.begin_object().member("name", tag).member("description", "All about " + tag);
    out.end_object();
  }
  out.end_array();
}

}  // namespace

std::string openapi_document(std::string_view version) {
  json::Writer out;
  out.begin_object().member("openapi", "3.1.0");
  write_info(out, version);
  out.member_raw("security", R"([{"token":[]},{"session":[]}])");
  std::map<std::string_view, std::vector<const Route*>> by_path;
  for (const Route& route : routes()) by_path[route.pattern].push_back(&route);
  out.key("paths").begin_object();
  for (const auto& [path, list] : by_path) {
    out.key(path).begin_object();
    for (const Route* route : list) write_operation(out, *route);
    out.end_object();
  }
  out.end_object().key("components").begin_object();
  out.member_raw("securitySchemes", R"({"token":{"type":"http","scheme":"bearer"},"session":)"
                                    R"({"type":"apiKey","in":"cookie","name":)"
                                    R"("__Host-troupe_session"}})");
  out.member_raw("responses", R"({"Problem":{"description":"A problem","content":{)"
                              R"("application/problem+json":{"schema":{"$ref":)"
                              R"("#/components/schemas/Problem"}}}}})");
  out.key("schemas").begin_object();
  for (const auto& [name, schema] : kSchemas) out.member_raw(name, schema);
  return out.end_object().end_object().end_object().take();
}

}  // namespace troupe::http
