#include "runtime/directory/connections.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "runtime/directory/codec.h"
#include "runtime/directory/named.h"
#include "runtime/json/read.h"
#include "runtime/json/write.h"

namespace troupe::directory {
namespace {

using store::Change;
using store::Document;
using store::DocumentKind;
using tenancy::Permission;

constexpr std::string_view kAuths[] = {"bearer", "header", "query", "basic"};

Error none() { return {Code::kNotFound, "There is no such connection.", {}}; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

/// Scheme, host and port of an address; the port is there always.
struct Origin {
  std::string host, port;
};
Origin origin_of(std::string_view url) {
  Origin origin;
  const std::size_t at = url.find("://");
  if (at == std::string_view::npos) return origin;
  const std::string scheme = lower(url.substr(0, at));
  url.remove_prefix(at + 3);
  const std::string authority = lower(url.substr(0, url.find_first_of("/?#\\")));
  if (authority.find('@') != std::string::npos) return origin;
  const bool is_six = authority.starts_with('[');
  const std::size_t end = is_six ? authority.find(']') + 1 : authority.find(':');
  origin.host = authority.substr(0, end);
  while (origin.host.ends_with('.')) origin.host.pop_back();
  const bool has_port = end < authority.size() && authority[end] == ':';
  origin.port = has_port ? authority.substr(end + 1) : "";
  if (origin.port.empty()) origin.port = scheme == "http" ? "80" : "443";
  return origin;
}

/// A pattern with a port is for that one, else for those of the schemes.
bool fits(std::string_view pattern, const Origin& origin) {
  const std::size_t end = pattern.starts_with('[') ? pattern.find(']') + 1 : pattern.find(':');
  const std::string_view host = pattern.substr(0, end);
  const std::string_view port =
      end < pattern.size() ? pattern.substr(end + 1) : std::string_view();
  if (port.empty() ? origin.port != "443" && origin.port != "80" : port != origin.port) {
    return false;
  }
  if (!host.starts_with("*.")) return host == origin.host;
  return origin.host.size() > host.size() - 1 && origin.host.ends_with(host.substr(1));
}

}  // namespace

std::string_view name(ConnectionAuth auth) { return kAuths[static_cast<std::size_t>(auth)]; }

std::optional<ConnectionAuth> parse_connection_auth(std::string_view name) {
  const auto* const found = std::find(std::begin(kAuths), std::end(kAuths), name);
  if (found == std::end(kAuths)) return std::nullopt;
  return static_cast<ConnectionAuth>(found - std::begin(kAuths));
}

Document encode(const Connection& connection) {
  Document document = named_document(DocumentKind::kConnection, connection);
  document.project = connection.project;
  json::Writer out;
  out.begin_object()
      .member("auth", name(connection.auth))
      .member("auth_name", connection.auth_name)
      .member("environment", connection.environment)
      .member("enabled", connection.is_enabled)
      .member("secret", connection.secret);
  out.key("hosts").begin_array();
  for (const std::string& host : connection.hosts) out.string(host);
  document.body = out.end_array().end_object().take();
  return document;
}

Result<Connection> decode_connection(const Document& document) {
  Fields fields(document);
  auto connection = named_resource<Connection>(document);
  connection.project = document.project;
  connection.auth = fields.known(parse_connection_auth(fields.text("auth")));
  connection.auth_name = fields.text("auth_name");
  connection.environment = fields.text("environment");
  connection.is_enabled = fields.flag("enabled");
  connection.secret = fields.text("secret");
  json::for_each_element(fields.list("hosts"), [&](std::string_view host) {
    connection.hosts.push_back(json::decode_string(host));
    return true;
  });
  if (Status read = fields.status(); !read) return read.error();
  return connection;
}

Result<std::string> check_host_pattern(std::string_view text) {
  const Error wrong{Code::kInvalidField,
                    "must be names of hosts, such as api.example.com, *.example.com or "
                    "10.0.0.5:8080.",
                    {}};
  const std::string pattern = lower(text);
  std::string_view rest = pattern;
  if (rest.starts_with("*.")) rest.remove_prefix(2);
  const bool is_six = rest.starts_with('[');
  const std::size_t end = is_six ? rest.find(']') : rest.find(':');
  if (is_six && end == std::string_view::npos) return wrong;
  const std::string_view host = rest.substr(0, is_six ? end + 1 : end);
  const std::string_view port = rest.substr(std::min(rest.size(), host.size()));
  const auto is_plain = [&](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_' ||
           (is_six && (c == ':' || c == '[' || c == ']'));
  };
  const bool is_port =
      port.empty() || (port.size() >= 2 && port.size() <= 6 && port[0] == ':' &&
                       std::all_of(port.begin() + 1, port.end(),
                                   [](unsigned char c) { return std::isdigit(c) != 0; }));
  // `*.com` would be everybody's.
  const bool is_wide = pattern.starts_with("*.") && host.find('.') == std::string_view::npos;
  if (host.empty() || host.size() > 253 || !std::all_of(host.begin(), host.end(), is_plain) ||
      !is_port || is_wide) {
    return wrong;
  }
  return pattern;
}

bool is_for(const Connection& connection, std::string_view url) {
  const Origin origin = origin_of(url);
  return !origin.host.empty() &&
         std::any_of(connection.hosts.begin(), connection.hosts.end(),
                     [&](const std::string& pattern) { return fits(pattern, origin); });
}

Result<Change> put_connection(store::Documents& documents, const Context& context,
                              const Connection& connection) {
  if (Status is = check_environment(documents, connection.workspace, connection.environment); !is) {
    return is.error();
  }
  Change change;
  Document document = encode(connection);
  if (Status fit = check_place(documents, document, kConnectionsMax, "connection"); !fit) {
    return fit.error();
  }
  change.put.push_back(std::move(document));
  change.audit.push_back(context.line(connection.workspace, Permission::kConnectionChange,
                                      "connection:" + connection.name, {"value"},
                                      connection.project));
  return change;
}

Result<Change> delete_connection(store::Documents& documents, const Context& context,
                                 const Connection& connection) {
  Change change;
  change.removed.push_back({DocumentKind::kConnection, connection.id});
  if (Status is = remove_secret(documents, connection.workspace, connection.project,
                                connection.secret, change);
      !is) {
    return is.error();
  }
  change.audit.push_back(context.line(connection.workspace, Permission::kConnectionChange,
                                      "connection:" + connection.name, {"deleted"},
                                      connection.project));
  return change;
}

Result<Connection> find_connection(store::Documents& documents, WorkspaceId workspace,
                                   ProjectId project, const Uuid& id) {
  const auto found = documents.find(DocumentKind::kConnection, id);
  if (!found) return found.error();
  const bool is_here = *found && (*found)->workspace == workspace && (*found)->project == project;
  if (!is_here) return none();
  return decode_connection(**found);
}

Result<std::vector<Connection>> connections_of(store::Documents& documents, WorkspaceId workspace,
                                               ProjectId project) {
  auto all = decode_all(documents.all({DocumentKind::kConnection, workspace, project, {}}),
                        decode_connection);
  if (!all) return all;
  std::sort(all->begin(), all->end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
}

Result<Connection> usable_connection(store::Documents& documents, WorkspaceId workspace,
                                     ProjectId project, std::string_view id_or_name,
                                     std::string_view environment) {
  const Error missing{Code::kCredentialMissing,
                      "There is no connection \"" + std::string(id_or_name) +
                          "\" that may be used here.",
                      {}};
  std::optional<Document> found;
  if (const auto id = Uuid::parse(id_or_name)) {
    auto by_id = documents.find(DocumentKind::kConnection, *id);
    if (!by_id) return by_id.error();
    found = *std::move(by_id);
  }
  for (const ProjectId place : {project, ProjectId()}) {
    if (found) break;
    auto by_name =
        documents.find_by_key(DocumentKind::kConnection, workspace, place, id_or_name);
    if (!by_name) return by_name.error();
    found = *std::move(by_name);
  }
  if (!found || found->workspace != workspace) return missing;
  if (found->project.set() && found->project != project) return missing;
  auto connection = decode_connection(*found);
  if (!connection) return connection;
  const bool is_of_here =
      connection->environment.empty() || connection->environment == environment;
  if (!connection->is_enabled || !is_of_here) return missing;
  return connection;
}

}  // namespace troupe::directory
