#include "deploy/troupe/vault_setup.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/vault/key_ring.h"
#include "adapters/vault/master_key_file.h"
#include "adapters/vault/memory.h"
#include "adapters/vault/password_hasher.h"

namespace troupe::cli {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find(separator, start), text.size());
    if (end > start) parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

std::optional<vault::MasterKeySource> named_source(const config::Vault& vault) {
  if (!vault.master_key_file.empty()) return vault::KeyFile{vault.master_key_file};
  if (!vault.master_key_variable.empty()) return vault::KeyVariable{vault.master_key_variable};
  if (vault.master_key_command.empty()) return std::nullopt;
  return vault::KeyHook{vault.master_key_command_id, split(vault.master_key_command, ' ')};
}

}  // namespace

Result<std::unique_ptr<KeyRing>> open_key_ring(const config::Options& options,
                                               const system::DataDir& data_dir,
                                               Logger& log) {
  if (Status hidden = vault::forbid_dumps(); !hidden) return hidden.error();
  vault::Options keys;
  if (auto named = named_source(options.vault)) {
    keys.current = *std::move(named);
  } else if (options.store.kind == "postgres") {
    return std::unique_ptr<KeyRing>();
  } else {
    const std::string file = data_dir.file("master.key");
    if (auto made = vault::make_master_key_file(file); !made) return made.error();
    keys.current = vault::KeyFile{file};
  }
  for (std::string& file : split(options.vault.older_master_key_files, ',')) {
    keys.older.emplace_back(vault::KeyFile{std::move(file)});
  }
  auto ring = vault::VaultKeyRing::open(keys, log);
  if (!ring) return ring.error();
  return std::unique_ptr<KeyRing>(*std::move(ring));
}

Result<std::unique_ptr<PasswordHasher>> open_password_hasher(const config::Access& access) {
  auto hasher = vault::Argon2PasswordHasher::make(
      {.memory_kib = static_cast<std::uint32_t>(access.password_memory_kib)});
  if (!hasher) return hasher.error();
  return std::unique_ptr<PasswordHasher>(*std::move(hasher));
}

}  // namespace troupe::cli
