#include "adapters/vault/master_key_variable.h"

#include <cstdlib>
#include <cstring>

#include "adapters/vault/master_key_text.h"
#include "adapters/vault/memory.h"

namespace troupe::vault {

Result<SecretText> take_master_key_variable(const std::string& name) {
  char* const value = name.empty() ? nullptr : std::getenv(name.c_str());
  if (value == nullptr) {
    return {Code::kConfigInvalid,
            "The environment variable " + name + ", which is to hold the master key, is not set."};
  }
  const std::size_t size = std::strlen(value);
  const SecretText text(std::string_view(value, size), locked_memory());
  wipe(value, size);
  unsetenv(name.c_str());
  return parse_master_key_text(text.reveal(), "The environment variable " + name);
}

}  // namespace troupe::vault
