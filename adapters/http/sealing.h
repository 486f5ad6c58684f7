#pragma once

#include <functional>
#include <memory>

#include "adapters/http/change.h"
#include "runtime/base/secret_text.h"
#include "runtime/directory/secrets.h"

namespace troupe::http {

using SecretValue = std::shared_ptr<const SecretText>;

/// Null, and the call is answered, where there is no master key.
KeyRing* keys_of(const CallPtr& call);

/// What a request says in this member, taken out of it; null if it is absent.
SecretValue read_secret_value(edge::BodyReader& in, std::string_view key);

/// What is written beside a secret, in the same transaction: the secret is as it will be stored.
using WithSecret = std::function<Result<store::Change>(
    store::Documents&, const directory::Context&, const directory::Secret&)>;

/// Seals a value and stores it as the next version at the place of `wanted` (its workspace,
/// project, path and description), with what `also` writes, which may be empty. Tries again where
/// another has stored one meanwhile; then answers that the secret is being changed by others.
void store_secret(const CallPtr& call, directory::Secret wanted, SecretValue value, WithSecret also,
                  std::function<void(const directory::Secret&)> use);

}  // namespace troupe::http
