#include "adapters/vault/sealer.h"

#include <optional>
#include <string>
#include <utility>

#include "adapters/vault/aead.h"
#include "adapters/vault/envelope.h"

namespace troupe::vault {
namespace {

static_assert(kDataKeyBytes == kKeyBytes);

Error limit(std::string message) { return {Code::kLimitExceeded, std::move(message), {}}; }

}  // namespace

Result<std::string> XChaChaSealer::seal(const DataKeys& keys,
                                        const SealedPlace& place,
                                        const SecretText& value) const {
  if (value.size() > kSecretBytesMax) {
    return limit("A secret may have " + std::to_string(kSecretBytesMax) + " bytes.");
  }
  if (place.field.empty() || place.field.size() > kSealedFieldBytesMax) {
    return limit("The field of a secret has 1 to " + std::to_string(kSealedFieldBytesMax) +
                 " bytes.");
  }
  const DataKey* const key = keys.newest();
  if (key == nullptr) return {Code::kUnavailable, "The workspace has no data key to seal under."};
  const std::string nonce = random_nonce();
  SealedValue sealed{key->version, nonce, {}};
  const std::string ciphertext =
      encrypt(key->bytes, nonce, associated_data(sealed, keys.workspace(), place), value.reveal());
  sealed.ciphertext = ciphertext;
  return write(sealed);
}

Result<SecretText> XChaChaSealer::open(const DataKeys& keys,
                                       const SealedPlace& place,
                                       std::string_view bytes) const {
  const Result<SealedValue> sealed = parse_sealed(bytes);
  if (!sealed) return sealed.error();
  const DataKey* const key = keys.find(sealed->key_version);
  if (key == nullptr) {
    return {Code::kCorrupt, "The value is sealed under version " +
                                std::to_string(sealed->key_version) +
                                " of the workspace's data key, which is not at hand."};
  }
  std::optional<SecretText> value =
      decrypt(key->bytes, sealed->nonce, associated_data(*sealed, keys.workspace(), place),
              sealed->ciphertext);
  if (!value) {
    return {Code::kCorrupt,
            "The sealed value does not open: it was changed, or sealed under another key, or for "
            "another workspace, field or version than " +
                std::string(place.field) + " version " + std::to_string(place.version) + "."};
  }
  return std::move(*value);
}

Result<std::uint32_t> XChaChaSealer::key_version(std::string_view bytes) const {
  const Result<SealedValue> sealed = parse_sealed(bytes);
  if (!sealed) return sealed.error();
  return sealed->key_version;
}

}  // namespace troupe::vault
