#include "runtime/directory/secrets.h"

#include <algorithm>
#include <utility>

#include "runtime/port/store.h"

namespace troupe::directory {
namespace {

using store::Change;
using store::Document;
using store::DocumentKind;
using tenancy::Permission;

Error no_secret() { return {Code::kNotFound, "There is no such secret.", {}}; }

bool fits_path(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

Permission of_place(ProjectId project, Permission workspaces, Permission projects) {
  return project.set() ? projects : workspaces;
}

std::string target_of(const Secret& secret) { return "secret:" + secret.path; }

Result<std::optional<Secret>> find_secret(store::Documents& documents, WorkspaceId workspace,
                                          ProjectId project, const std::string& path) {
  const auto found = documents.find_by_key(DocumentKind::kSecret, workspace, project, path);
  if (!found) return found.error();
  if (!*found) return std::optional<Secret>();
  auto secret = decode_secret(**found);
  if (!secret) return secret.error();
  return std::optional(*std::move(secret));
}

Result<bool> is_full(store::Documents& documents, WorkspaceId workspace, ProjectId project) {
  const auto rows = documents.list({DocumentKind::kSecret, workspace, project, {}},
                                   {.limit = kSecretsMax, .cursor = {}});
  if (!rows) return rows.error();
  return rows->items.size() >= kSecretsMax;
}

}  // namespace

Status check_secret_path(std::string_view path) {
  const Error wrong{Code::kInvalidField,
                    "must be 1 to 200 of letters, digits, _ - . and /, with something other than "
                    ". and .. between the slashes.",
                    {}};
  if (path.empty() || path.size() > kSecretPathMax) return wrong;
  while (true) {
    const std::string_view part = path.substr(0, path.find('/'));
    const bool fits = std::all_of(part.begin(), part.end(), fits_path);
    if (part.empty() || part == "." || part == ".." || !fits) return wrong;
    if (part.size() == path.size()) return ok();
    path.remove_prefix(part.size() + 1);
  }
}

Result<std::vector<WrappedDataKey>> data_keys_of(store::Documents& documents,
                                                 WorkspaceId workspace) {
  auto keys =
      decode_all(documents.all({DocumentKind::kDataKey, workspace, {}, {}}), decode_data_key);
  if (!keys) return keys;
  std::sort(keys->begin(), keys->end(),
            [](const auto& a, const auto& b) { return a.version < b.version; });
  return keys;
}

Result<DataKeys> open_data_keys(const std::vector<WrappedDataKey>& wrapped, WorkspaceId workspace,
                                KeyRing& keys) {
  DataKeys open(workspace);
  for (const WrappedDataKey& one : wrapped) {
    auto key = keys.unwrap(workspace, one.wrapped);
    if (!key) return key.error();
    if (Status added = open.add(*std::move(key)); !added) return added.error();
  }
  return open;
}

Result<Change> add_data_key(store::Documents& documents, const Context& context,
                            WorkspaceId workspace, const WrappedDataKey& key, bool is_rotation) {
  Change change;
  Document document = encode(context.hasher, key);
  const auto present = data_keys_of(documents, workspace);
  if (!present) return present.error();
  const std::uint32_t next = present->empty() ? 1 : present->back().version + 1;
  if (key.version != next) {
    return Error{Code::kConflict, "A data key has been made meanwhile.", {}};
  }
  change.put.push_back(std::move(document));
  if (is_rotation) {
    change.audit.push_back(context.line(workspace, Permission::kDataKeyRotate,
                                        "data_key:" + std::to_string(key.version)));
  }
  return change;
}

Result<Change> rewrap_data_keys(store::Documents& documents, const Context& context,
                                const std::vector<WrappedDataKey>& rewrapped) {
  Change change;
  for (const WrappedDataKey& key : rewrapped) {
    Document document = encode(context.hasher, key);
    const auto before = documents.find(DocumentKind::kDataKey, document.id);
    if (!before) return before.error();
    if (*before) change.put.push_back(std::move(document));
  }
  if (change.empty()) return change;
  change.audit.push_back(context.line(rewrapped.front().workspace, Permission::kMasterKeyRotate,
                                      "data_keys:" + std::to_string(change.put.size())));
  return change;
}

Secret next_secret(const SecretSlot& slot, Secret wanted, Entropy& entropy, TimePoint now) {
  const bool is_new = slot.before.version == 0;
  wanted.id = is_new ? Uuid::v7(now, entropy.next(), entropy.next()) : slot.before.id;
  wanted.version = slot.before.version + 1;
  return wanted;
}

std::string sealed_field(const Secret& secret) {
  const std::string place =
      secret.project.set() ? secret.project.to_string() : std::string("workspace");
  return "secret/" + place + "/" + secret.id.to_string() + "/" + secret.path;
}

Result<SecretSlot> secret_slot(store::Documents& documents, WorkspaceId workspace,
                               ProjectId project, const std::string& path) {
  auto found = find_secret(documents, workspace, project, path);
  if (!found) return found.error();
  return *found ? SecretSlot{**std::move(found)} : SecretSlot{};
}

Result<Change> put_secret(store::Documents& documents, const Context& context,
                          const Secret& secret, Secret* stored) {
  const auto slot = secret_slot(documents, secret.workspace, secret.project, secret.path);
  if (!slot) return slot.error();
  const bool is_new = slot->before.version == 0;
  const bool is_same = is_new ? secret.id.set() : slot->before.id == secret.id;
  if (slot->before.version + 1 != secret.version || !is_same) {
    return Error{Code::kConflict, "The secret has been changed meanwhile.", {}};
  }
  *stored = secret;
  if (is_new) {
    const auto full = is_full(documents, secret.workspace, secret.project);
    if (!full) return full.error();
    if (*full) return Error{Code::kLimitExceeded, "There are too many secrets here.", {}};
  }
  stored->created = is_new ? context.now : slot->before.created;
  stored->updated = context.now;
  stored->etag = slot->before.etag + 1;
  Change change;
  change.put.push_back(encode(*stored));
  change.audit.push_back(
      context.line(secret.workspace,
                   of_place(secret.project, Permission::kSecretChange,
                            Permission::kProjectSecretChange),
                   target_of(secret), {"value", "description"}, secret.project));
  return change;
}

Result<Change> delete_secret(store::Documents& documents, const Context& context,
                             WorkspaceId workspace, ProjectId project, const std::string& path) {
  const auto found = find_secret(documents, workspace, project, path);
  if (!found) return found.error();
  if (!*found) return no_secret();
  Change change;
  change.removed.push_back({DocumentKind::kSecret, (*found)->id});
  change.audit.push_back(context.line(
      workspace,
      of_place(project, Permission::kSecretChange, Permission::kProjectSecretChange),
      target_of(**found), {"deleted"}, project));
  return change;
}

Result<Change> reveal_secret(store::Documents& documents, const Context& context,
                             WorkspaceId workspace, ProjectId project, const std::string& path,
                             Secret* revealed) {
  auto found = find_secret(documents, workspace, project, path);
  if (!found) return found.error();
  if (!*found) return no_secret();
  *revealed = **std::move(found);
  Change change;
  change.audit.push_back(context.line(
      workspace,
      of_place(project, Permission::kSecretReveal, Permission::kProjectSecretReveal),
      target_of(*revealed), {}, project));
  return change;
}

Result<std::vector<Secret>> secrets_of(store::Documents& documents, WorkspaceId workspace,
                                       ProjectId project) {
  auto all =
      decode_all(documents.all({DocumentKind::kSecret, workspace, project, {}}), decode_secret);
  if (!all) return all;
  std::sort(all->begin(), all->end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return all;
}

Result<std::vector<Secret>> secrets_to_reseal(store::Documents& documents, WorkspaceId workspace,
                                              std::uint32_t newest, std::size_t limit) {
  std::vector<Secret> old;
  store::Page page{.limit = std::max<std::size_t>(limit, 1), .cursor = {}};
  do {
    auto rows = documents.list({DocumentKind::kSecret, workspace, {}, {}}, page);
    if (!rows) return rows.error();
    for (const Document& row : rows->items) {
      auto secret = decode_secret(row);
      if (!secret) return secret.error();
      if (secret->key_version < newest) old.push_back(*std::move(secret));
      if (old.size() == limit) return old;
    }
    page.cursor = std::move(rows->next_cursor);
  } while (!page.cursor.empty());
  return old;
}

Result<Change> reseal_secrets(store::Documents& documents, const std::vector<Secret>& resealed) {
  Change change;
  for (const Secret& secret : resealed) {
    const auto now = find_secret(documents, secret.workspace, secret.project, secret.path);
    if (!now) return now.error();
    const bool is_same = *now && (*now)->version == secret.version && (*now)->id == secret.id;
    if (is_same) change.put.push_back(encode(secret));
  }
  return change;
}

}  // namespace troupe::directory
