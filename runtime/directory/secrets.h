#pragma once

#include <string>
#include <vector>

#include "runtime/base/secret_text.h"
#include "runtime/directory/records.h"
#include "runtime/port/secrets.h"

namespace troupe::directory {

// Secrets of a workspace, or of one project of it. Values are sealed under the workspace's newest
// data key, each at the place of its path and version; none leaves but by `reveal_secret`.

/// What opens and seals: the ports of one node.
struct Vault {
  const Sealer& sealer;
  KeyRing& keys;
};

inline constexpr std::size_t kSecretPathMax = 200;
inline constexpr std::size_t kSecretValueMax = 64 << 10;
inline constexpr std::size_t kSecretsMax = 250;  ///< of one project, or of a workspace as a whole

/// A path: 1 to 200 of letters, digits and _ - . /, with something other than . and .. between its
/// slashes.
/// kInvalidField, to go on behind the field's name.
Status check_secret_path(std::string_view path);

/// The data keys of a workspace, unwrapped. Unwrapping may wait for a program outside: not for a
/// store's thread.
Result<DataKeys> open_data_keys(const std::vector<WrappedDataKey>& wrapped, WorkspaceId workspace,
                                KeyRing& keys);
Result<std::vector<WrappedDataKey>> data_keys_of(store::Documents& documents,
                                                 WorkspaceId workspace);

/// Locks: the workspace. kConflict: its version is not the next one any more.
Result<store::Change> add_data_key(store::Documents& documents,
                                   const Context& context,
                                   WorkspaceId workspace,
                                   const WrappedDataKey& key,
                                   bool is_rotation);

/// Stores data keys that were wrapped anew; those that are gone meanwhile are left. Locks: the
/// workspace.
Result<store::Change> rewrap_data_keys(store::Documents& documents,
                                       const Context& context,
                                       const std::vector<WrappedDataKey>& rewrapped);

/// What is stored under a path.
struct SecretSlot {
  Secret before;  ///< version 0: there is none yet
};
Result<SecretSlot> secret_slot(store::Documents& documents,
                               WorkspaceId workspace,
                               ProjectId project,
                               const std::string& path);
/// `wanted` with the id and the version under which it is to be sealed and put in that place.
Secret next_secret(const SecretSlot& slot, Secret wanted, Entropy& entropy, TimePoint now);
/// The field that a secret's seal is bound to: its place, and the record that it is. One that is
/// made anew after a deletion is another, so that no older value can be put back into it.
std::string sealed_field(const Secret& secret);

/// What `next_secret` gave, sealed. Locks: the workspace. kConflict: another version has been
/// stored meanwhile, or another secret of this path. kLimitExceeded: there are `kSecretsMax`.
Result<store::Change> put_secret(store::Documents& documents,
                                 const Context& context,
                                 const Secret& secret,
                                 Secret* stored);
Result<store::Change> delete_secret(store::Documents& documents,
                                    const Context& context,
                                    WorkspaceId workspace,
                                    ProjectId project,
                                    const std::string& path);
/// Leaves a line in the log, and gives what is sealed. kNotFound. Locks: the workspace.
Result<store::Change> reveal_secret(store::Documents& documents,
                                    const Context& context,
                                    WorkspaceId workspace,
                                    ProjectId project,
                                    const std::string& path,
                                    Secret* found);
/// Names alone, by path. An unset project: the workspace's own.
Result<std::vector<Secret>> secrets_of(store::Documents& documents,
                                       WorkspaceId workspace,
                                       ProjectId project);
/// Secrets sealed under an older key than `newest`, at most `limit`, of all projects.
Result<std::vector<Secret>> secrets_to_reseal(store::Documents& documents,
                                              WorkspaceId workspace,
                                              std::uint32_t newest,
                                              std::size_t limit);
/// Stores seals made anew; those whose version has changed meanwhile are left. Locks: the
/// workspace. No line for the log: `add_data_key` has left one, and no value is another.
Result<store::Change> reseal_secrets(store::Documents& documents,
                                     const std::vector<Secret>& resealed);

}  // namespace troupe::directory
