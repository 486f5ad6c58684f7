#pragma once

#include <string>
#include <vector>

#include "runtime/directory/context.h"
#include "runtime/directory/secrets.h"

namespace troupe::directory {

// What steps show to services outside to be let in: a secret in the vault, how it is shown, and to
// which hosts. It goes nowhere else.

inline constexpr std::size_t kConnectionsMax = 200;  ///< of one project, or of a workspace itself
inline constexpr std::size_t kConnectionHostsMax = 20;

/// How a service wants to be shown the secret.
enum class ConnectionAuth : std::uint8_t {
  kBearer,  ///< `Authorization: Bearer <value>`
  kHeader,  ///< `<name>: <value>`
  kQuery,   ///< `?<name>=<value>`
  kBasic,   ///< `Authorization: Basic`, with `name` as the user
};
std::string_view name(ConnectionAuth auth);  ///< "bearer", "header", "query", "basic"
std::optional<ConnectionAuth> parse_connection_auth(std::string_view name);

struct Connection {
  Uuid id;
  WorkspaceId workspace;
  ProjectId project;  ///< unset: of the workspace, for all its projects
  std::string name;   ///< the document's key
  ConnectionAuth auth = ConnectionAuth::kBearer;
  std::string auth_name;           ///< of the header or parameter, or the user
  std::vector<std::string> hosts;  ///< "api.example.com", "*.example.com", "10.0.0.5:8080"
  std::string environment;         ///< slug; empty: every one
  bool is_enabled = true;
  std::string secret;  ///< path of the value in the vault
  TimePoint created, updated;
  std::uint64_t etag = 0;
};

store::Document encode(const Connection& connection);
Result<Connection> decode_connection(const store::Document& document);

/// A host that a connection is for: a name, perhaps with `*.` before it or a port behind it, in the
/// form that it is kept in. kInvalidField, to go on behind the field's name.
Result<std::string> check_host_pattern(std::string_view text);
/// Whether a request to this address may show the connection's secret. One without a port is for
/// the scheme's own.
bool is_for(const Connection& connection, std::string_view url);

/// Stores a new one, or another state of one. Locks: the workspace. kConflict: another has its
/// name.
Result<store::Change> put_connection(store::Documents& documents, const Context& context,
                                     const Connection& connection);
/// Takes its secret along. Locks: the workspace.
Result<store::Change> delete_connection(store::Documents& documents, const Context& context,
                                        const Connection& connection);
/// By id, of this place alone (unset: the workspace's own). kNotFound.
Result<Connection> find_connection(store::Documents& documents, WorkspaceId workspace,
                                   ProjectId project, const Uuid& id);
/// By name. An unset project: the workspace's own.
Result<std::vector<Connection>> connections_of(store::Documents& documents, WorkspaceId workspace,
                                               ProjectId project);

/// What a run of this project may use under this id or name, its project's before its workspace's.
/// kCredentialMissing: there is none, or it is switched off or of another environment.
Result<Connection> usable_connection(store::Documents& documents, WorkspaceId workspace,
                                     ProjectId project, std::string_view id_or_name,
                                     std::string_view environment);

}  // namespace troupe::directory
