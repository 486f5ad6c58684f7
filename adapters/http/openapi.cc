#include "adapters/http/openapi.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <vector>

#include "adapters/http/openapi_schemas.h"
#include "adapters/http/route.h"
#include "runtime/json/write.h"

namespace troupe::http {
namespace {

constexpr std::string_view kQueryOfLists = "limit,cursor";

/// Parameters of the query by the end of the path; what is listed nowhere takes none.
std::string_view query_names(const Route& route) {
  const std::string_view path = route.pattern;
  if (route.method != Method::kGet) return {};
  if (path == "/readyz") return "verbose";
  if (path.ends_with("/runs")) return "status,workflow_id,from,to,q,external_id,limit,cursor";
  if (path.ends_with("/events") || path.ends_with("/items") || path.ends_with("/logs")) {
    return "after,limit";
  }
  if (path == "/v1/workflows") return "archived,limit,cursor";
  if (path.ends_with("/versions") || path.ends_with("/pending")) return kQueryOfLists;
  if (path.ends_with("/diff")) return "against";
  if (path.ends_with("{id}/stream")) return "run_id,after";
  return path.ends_with("/stream") ? "after" : "";
}

void write_parameter(json::Writer& out, std::string_view name, std::string_view in) {
  const bool number = name == "limit" || name == "after" || name == "version";
  out.begin_object()
      .member("name", name)
      .member("in", in)
      .member("required", in == "path")
      .member_raw("schema", number ? R"({"type":"integer"})" : R"({"type":"string"})")
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
  if (route.request_schema == "Command" || route.request_schema == "Batch") {
    write_parameter(out, "Idempotency-Key", "header");
  }
  out.end_array();
}

void write_content(json::Writer& out, std::string_view type, std::string_view schema) {
  const std::string reference = "#/components/schemas/" + std::string(schema);
  out.key("content").begin_object().key(type).begin_object().key("schema").begin_object();
  out.member("$ref", reference);
  out.end_object().end_object().end_object();
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

void write_operation(json::Writer& out, const Route& route) {
  std::string method(name(route.method));
  for (char& c : method) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  out.key(method).begin_object();
  out.member("summary", route.summary).member("operationId", operation_id(route));
  if (route.needs_nobody()) out.member_raw("security", "[]");
  write_parameters(out, route);
  if (route.body != Body::kNone) {
    out.key("requestBody").begin_object().member("required", route.body == Body::kRequired);
    write_content(out, "application/json", route.request_schema);
    out.end_object();
  }
  out.key("responses").begin_object().key(std::to_string(route.success)).begin_object();
  out.member("description", route.summary);
  if (!route.response_schema.empty()) write_content(out, "application/json", route.response_schema);
  out.end_object().key("default").begin_object().member("description", "A problem");
  write_content(out, "application/problem+json", "Problem");
  out.end_object().end_object().end_object();
}

}  // namespace

std::string openapi_document(std::string_view version) {
  json::Writer out;
  out.begin_object().member("openapi", "3.1.0").key("info").begin_object();
  out.member("title", "Troupe").member("version", version).end_object();
  out.member_raw("security", R"([{"token":[]}])");
  std::map<std::string_view, std::vector<const Route*>> by_path;
  for (const Route& route : routes()) by_path[route.pattern].push_back(&route);
  out.key("paths").begin_object();
  for (const auto& [path, list] : by_path) {
    out.key(path).begin_object();
    for (const Route* route : list) write_operation(out, *route);
    out.end_object();
  }
  out.end_object().key("components").begin_object();
  out.member_raw("securitySchemes", R"({"token":{"type":"http","scheme":"bearer"}})");
  out.key("schemas").begin_object();
  for (const auto& [name, schema] : kSchemas) out.member_raw(name, schema);
  return out.end_object().end_object().end_object().take();
}

}  // namespace troupe::http
