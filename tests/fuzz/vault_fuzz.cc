#include <cstddef>
#include <string_view>

#include "adapters/vault/envelope.h"
#include "adapters/vault/master_key_text.h"
#include "adapters/vault/password_hash.h"
#include "adapters/vault/redact.h"
#include "adapters/vault/sealer.h"
#include "runtime/base/ensure.h"
#include "tests/fuzz/entries.h"

namespace troupe::fuzz {
namespace {

/// The keys that the values of the corpus are sealed under: bytes that count up from 2.
DataKeys keys_of_corpus() {
  char key[kDataKeyBytes];
  for (std::size_t i = 0; i < sizeof key; ++i) key[i] = static_cast<char>(2 + i);
  char owner[16];
  for (std::size_t i = 0; i < sizeof owner; ++i) owner[i] = static_cast<char>(i);
  DataKeys keys{WorkspaceId(Uuid::from_bytes(owner))};
  TROUPE_ENSURE(
      keys.add({keys.workspace(), 2, SecretText(std::string_view(key, sizeof key))}).ok());
  return keys;
}

void read_envelopes(std::string_view bytes) {
  const auto sealed = vault::parse_sealed(bytes);
  if (sealed) {
    TROUPE_ENSURE(vault::write(*sealed) == bytes);
  } else {
    TROUPE_ENSURE(sealed.error().code == Code::kCorrupt);
  }
  const auto wrapped = vault::parse_wrapped(bytes);
  if (wrapped) {
    TROUPE_ENSURE(vault::write(*wrapped) == bytes);
  } else {
    TROUPE_ENSURE(wrapped.error().code == Code::kCorrupt);
  }
  static const DataKeys keys = keys_of_corpus();
  const auto value = vault::XChaChaSealer().open(keys, {"connection/1/password", 3}, bytes);
  TROUPE_ENSURE(value ? value->reveal() == "canary-7f3a" : value.error().code == Code::kCorrupt);
}

/// No run of characters that could be a key is left, whatever the log is given.
void read_complaints(std::string_view text) {
  for (const bool is_cut : {false, true}) {
    std::size_t run = 0;
    for (const char c : vault::redact(text, is_cut)) {
      const bool is_code = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '=' || c == '_' ||
                           c == '-';
      run = is_code ? run + 1 : 0;
      TROUPE_ENSURE(run < 32 && c >= '\t' && c <= '~' && c != '\n');
    }
  }
}

}  // namespace

// What the vault has stored, the master keys that operators write, and what programs say.
void fuzz_vault(std::string_view bytes) {
  read_envelopes(bytes);
  if (const auto hash = vault::parse_password_hash(bytes)) {
    TROUPE_ENSURE(vault::write(*hash) == bytes);
  }
  const auto key = vault::parse_master_key_file(bytes, "It");
  TROUPE_ENSURE(key ? key->size() == 32 : key.error().code == Code::kConfigInvalid);
  read_complaints(bytes);
}

}  // namespace troupe::fuzz
