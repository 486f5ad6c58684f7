// Secrets of a workspace or a project, and the keys that they lie under. Keys are opened and values
// sealed on the server's worker: a key's program outside may take its time.
#include "adapters/http/render.h"
#include "adapters/http/sealing.h"
#include "runtime/json/write.h"

namespace troupe::http {
namespace {

using directory::Secret;
using directory::WrappedDataKey;
using Value = SecretValue;

constexpr std::size_t kResealAtOnce = 100;

/// Unset: the workspace's own.
ProjectId project_of(const CallPtr& call) {
  return call->param("project").empty() ? ProjectId{}
                                        : call->grant->project().value_or(ProjectId{});
}

std::string secret_json(const Secret& secret) {
  json::Writer out;
  out.begin_object()
      .member("path", secret.path)
      .member("description", secret.description)
      .member("version", secret.version)
      .member("created_at", to_rfc3339(secret.created))
      .member("updated_at", to_rfc3339(secret.updated));
  return out.end_object().take();
}

std::string path_in(edge::BodyReader& in) {
  std::string path = in.required_text("path", 400);
  if (path.empty()) return path;
  const Status fit = directory::check_secret_path(path);
  if (!fit) in.wrong("path", fit.error().message, fit.error().code);
  return path;
}

/// Opens a value for its caller. The answer is the one place where it is in the clear.
void send_value(const CallPtr& call, const Secret& secret,
                const std::vector<WrappedDataKey>& keys) {
  KeyRing* const ring = keys_of(call);
  if (ring == nullptr) return;
  on_worker<Value>(
      call,
      [&sealer = call->core.services.sealer, secret, keys, ring]() -> Result<Value> {
        auto open = directory::open_data_keys(keys, secret.workspace, *ring);
        if (!open) return open.error();
        const std::string field = directory::sealed_field(secret);
        auto value = sealer.open(*open, {field, secret.version}, secret.sealed);
        if (!value) return value.error();
        return std::make_shared<const SecretText>(*std::move(value));
      },
      [call, secret](const Value& value) {
        json::Writer out;
        out.begin_object()
            .member("path", secret.path)
            .member("version", secret.version)
            .member("value", value->reveal());
        call->send_json(out.end_object().take());
      });
}

/// Seals what lies under older keys anew, piece by piece, and answers how many there were.
void reseal(const CallPtr& call, std::uint32_t newest, std::uint64_t done) {
  struct Piece {
    std::vector<WrappedDataKey> keys;
    std::vector<Secret> secrets;
  };
  const WorkspaceId workspace = call->scope.workspace;
  KeyRing* const ring = keys_of(call);
  if (ring == nullptr) return;
  read_documents<Piece>(
      call, store::DocumentScope::of(workspace),
      [workspace, newest](store::Documents& documents) -> Result<Piece> {
        auto keys = directory::data_keys_of(documents, workspace);
        if (!keys) return keys.error();
        auto old = directory::secrets_to_reseal(documents, workspace, newest, kResealAtOnce);
        if (!old) return old.error();
        return Piece{*std::move(keys), *std::move(old)};
      },
      [call, newest, done, workspace, ring](const Piece& piece) {
        if (piece.secrets.empty()) {
          json::Writer out;
          out.begin_object().member("version", newest).member("resealed", done);
          return call->send_json(out.end_object().take());
        }
        using Resealed = std::vector<Secret>;
        on_worker<Resealed>(
            call,
            [&sealer = call->core.services.sealer, piece, workspace, ring]() -> Result<Resealed> {
              auto open = directory::open_data_keys(piece.keys, workspace, *ring);
              if (!open) return open.error();
              Resealed resealed = piece.secrets;
              for (Secret& secret : resealed) {
                const std::string field = directory::sealed_field(secret);
                const SealedPlace place{field, secret.version};
                auto value = sealer.open(*open, place, secret.sealed);
                if (!value) return value.error();
                auto bytes = sealer.seal(*open, place, *value);
                if (!bytes) return bytes.error();
                secret.sealed = *std::move(bytes);
                secret.key_version = open->newest()->version;
              }
              return resealed;
            },
            [call, newest, done, workspace](const Resealed& resealed) {
              change_store<Unit>(
                  call, {Uuid(workspace)},
                  [resealed](auto& documents, const auto&, auto*) {
                    return directory::reseal_secrets(documents, resealed);
                  },
                  [call, newest, done, n = resealed.size()](Unit) {
                    reseal(call, newest, done + n);
                  });
            });
      });
}

/// Wraps the data keys of one workspace after another anew, and answers how many there were.
void rewrap(const CallPtr& call, const std::vector<store::Workspace>& workspaces, std::size_t at,
            std::uint64_t done) {
  KeyRing* const ring = keys_of(call);
  if (ring == nullptr) return;
  if (at == workspaces.size()) {
    json::Writer out;
    out.begin_object().member("master_key", ring->current_master()).member("rewrapped", done);
    return call->send_json(out.end_object().take());
  }
  using Keys = std::vector<WrappedDataKey>;
  const WorkspaceId workspace = workspaces[at].id;
  read_documents<Keys>(
      call, store::DocumentScope::of(workspace),
      [workspace](store::Documents& documents) {
        return directory::data_keys_of(documents, workspace);
      },
      [call, workspaces, at, done, workspace, ring](const Keys& keys) {
        on_worker<Keys>(
            call,
            [keys, workspace, ring]() -> Result<Keys> {
              Keys rewrapped;
              for (WrappedDataKey key : keys) {
                const auto needs = ring->needs_rewrapping(key.wrapped);
                if (!needs) return needs.error();
                if (!*needs) continue;
                auto wrapped = ring->rewrap(workspace, key.wrapped);
                if (!wrapped) return wrapped.error();
                key.wrapped = *std::move(wrapped);
                rewrapped.push_back(std::move(key));
              }
              return rewrapped;
            },
            [call, workspaces, at, done, workspace](const Keys& rewrapped) {
              if (rewrapped.empty()) return rewrap(call, workspaces, at + 1, done);
              change_store<Unit>(
                  call, {Uuid(workspace)},
                  [rewrapped](auto& documents, const auto& context, auto*) {
                    return directory::rewrap_data_keys(documents, context, rewrapped);
                  },
                  [call, workspaces, at, done, n = rewrapped.size()](Unit) {
                    rewrap(call, workspaces, at + 1, done + n);
                  });
            });
      });
}

}  // namespace

namespace handle {

void list_secrets(const CallPtr& call) {
  using All = std::vector<Secret>;
  read_documents<All>(
      call, store::DocumentScope::of(call->scope.workspace),
      [workspace = call->scope.workspace, project = project_of(call)](
          store::Documents& documents) {
        return directory::secrets_of(documents, workspace, project);
      },
      [call](const All& all) {
        std::vector<std::string> items;
        for (const Secret& secret : all) items.push_back(secret_json(secret));
        call->send_json(page_json(items, {}));
      });
}

void put_secret(const CallPtr& call) {
  struct Body {
    Secret secret;
    Value value;
  };
  auto body = read_body(call, [&](edge::BodyReader& in) {
    Body out;
    out.secret.workspace = call->scope.workspace;
    out.secret.project = project_of(call);
    out.secret.path = path_in(in);
    out.secret.description = in.text("description", 500).value_or("");
    std::string value = in.required_text("value", directory::kSecretValueMax);
    out.value = std::make_shared<const SecretText>(SecretText::take(value));
    return out;
  });
  if (!body) return;
  store_secret(call, body->secret, body->value, {}, [call](const Secret& stored) {
    call->send_json(secret_json(stored), stored.version == 1 ? 201 : 200);
  });
}

void reveal_secret(const CallPtr& call) {
  auto path = read_body(call, path_in);
  if (!path) return;
  struct Found {
    Secret secret;
    std::vector<WrappedDataKey> keys;
  };
  const WorkspaceId workspace = call->scope.workspace;
  change_store<Found>(
      call, {Uuid(workspace)},
      [path = *path, workspace, project = project_of(call)](
          auto& documents, const auto& context, auto* found) -> Result<store::Change> {
        auto keys = directory::data_keys_of(documents, workspace);
        if (!keys) return keys.error();
        found->keys = *std::move(keys);
        return directory::reveal_secret(documents, context, workspace, project, path,
                                        &found->secret);
      },
      [call](const Found& found) { send_value(call, found.secret, found.keys); });
}

void delete_secret(const CallPtr& call) {
  auto path = read_body(call, path_in);
  if (!path) return;
  const WorkspaceId workspace = call->scope.workspace;
  change_store<Unit>(
      call, {Uuid(workspace)},
      [path = *path, workspace, project = project_of(call)](auto& documents, const auto& context,
                                                            auto*) {
        return directory::delete_secret(documents, context, workspace, project, path);
      },
      [call](Unit) { call->send({.status = 204, .body = {}}); });
}

void rotate_data_key(const CallPtr& call) {
  KeyRing* const ring = keys_of(call);
  if (ring == nullptr) return;
  using Keys = std::vector<WrappedDataKey>;
  const WorkspaceId workspace = call->scope.workspace;
  read_documents<Keys>(
      call, store::DocumentScope::of(workspace),
      [workspace](store::Documents& documents) {
        return directory::data_keys_of(documents, workspace);
      },
      [call, ring, workspace](const Keys& keys) {
        on_worker<WrappedDataKey>(
            call,
            [keys, ring, workspace,
             now = call->core.services.clock.now()]() -> Result<WrappedDataKey> {
              const std::uint32_t version = keys.empty() ? 1 : keys.back().version + 1;
              auto made = ring->make(workspace, version);
              if (!made) return made.error();
              return WrappedDataKey{workspace, version, made->wrapped, now};
            },
            [call, workspace](const WrappedDataKey& key) {
              change_store<Unit>(
                  call, {Uuid(workspace)},
                  [key, workspace](auto& documents, const auto& context, auto*) {
                    return directory::add_data_key(documents, context, workspace, key, true);
                  },
                  [call, version = key.version](Unit) { reseal(call, version, 0); });
            });
      });
}

void rotate_master_key(const CallPtr& call) {
  using Rows = std::vector<store::Workspace>;
  read_store<Rows>(
      call, [](store::Reader& reader) { return reader.workspaces(); },
      [call](const Rows& rows) { rewrap(call, rows, 0, 0); });
}

}  // namespace handle
}  // namespace troupe::http
