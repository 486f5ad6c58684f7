#include "adapters/vault/key_ring.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "adapters/vault/aead.h"
#include "adapters/vault/envelope.h"

namespace troupe::vault {

Result<std::unique_ptr<VaultKeyRing>> VaultKeyRing::open(const Options& options, Logger& log) {
  std::vector<MasterKeySource> sources{options.current};
  sources.insert(sources.end(), options.older.begin(), options.older.end());
  Masters masters;
  for (const MasterKeySource& source : sources) {
    auto master = open_master_key(source, log);
    if (!master) return master.error();
    const std::string& id = (*master)->id();
    if (std::any_of(masters.begin(), masters.end(), [&](const auto& m) { return m->id() == id; })) {
      return {Code::kConfigInvalid, "The master key " + id + " is given twice."};
    }
    masters.push_back(std::move(*master));
  }
  return std::unique_ptr<VaultKeyRing>(new VaultKeyRing(std::move(masters)));
}

// A data key whose wrapped form cannot be read back would take everything sealed under it along,
// and that would show only when this process, which still has the key, is gone. So it is tried.
Result<std::string> VaultKeyRing::wrap(const DataKey& key) {
  const Result<WrappingKey> wrapping = masters_.front()->begin_wrapping();
  if (!wrapping) return wrapping.error();
  const std::string nonce = random_nonce();
  WrappedKey form{key.version, current_master(), wrapping->ticket, nonce, {}};
  const std::string ciphertext =
      encrypt(wrapping->bytes, nonce, associated_data(form, key.workspace), key.bytes.reveal());
  form.ciphertext = ciphertext;
  std::string wrapped = write(form);
  const Result<DataKey> again = unwrap(key.workspace, wrapped);
  if (!again || !(again->bytes == key.bytes)) {
    return {Code::kUnavailable, "The master key " + current_master() +
                                    " does not give back what it has wrapped" +
                                    (again ? "." : ": " + again.error().message)};
  }
  return wrapped;
}

Result<MadeDataKey> VaultKeyRing::make(const WorkspaceId& workspace, std::uint32_t version) {
  TROUPE_ENSURE(version > 0);
  DataKey key{workspace, version, SecretText::of_size(kDataKeyBytes)};
  fill_randomly(key.bytes.writable());
  Result<std::string> wrapped = wrap(key);
  if (!wrapped) return wrapped.error();
  return MadeDataKey{std::move(key), std::move(*wrapped)};
}

Result<DataKey> VaultKeyRing::unwrap(const WorkspaceId& workspace, std::string_view wrapped) {
  const Result<WrappedKey> form = parse_wrapped(wrapped);
  if (!form) return form.error();
  const auto master = std::find_if(masters_.begin(), masters_.end(),
                                   [&](const auto& m) { return m->id() == form->master_id; });
  if (master == masters_.end()) {
    return {Code::kUnavailable, "The data key is wrapped under master key " +
                                    std::string(form->master_id) + ", which is not known here."};
  }
  const Result<SecretText> bytes = (*master)->bytes_for(form->ticket);
  if (!bytes) return bytes.error();
  std::optional<SecretText> key =
      decrypt(*bytes, form->nonce, associated_data(*form, workspace), form->ciphertext);
  if (!key) {
    return {Code::kCorrupt, "The wrapped data key does not open under master key " +
                                (*master)->id() +
                                ": it was changed, or belongs to another workspace."};
  }
  return DataKey{workspace, form->key_version, std::move(*key)};
}

Result<std::string> VaultKeyRing::rewrap(const WorkspaceId& workspace, std::string_view wrapped) {
  const Result<DataKey> key = unwrap(workspace, wrapped);
  if (!key) return key.error();
  return wrap(*key);
}

Result<std::string> VaultKeyRing::master_of(std::string_view wrapped) const {
  const Result<WrappedKey> form = parse_wrapped(wrapped);
  if (!form) return form.error();
  return std::string(form->master_id);
}

}  // namespace troupe::vault
