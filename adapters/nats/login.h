#pragma once

#include <nats/nats.h>

#include <memory>

#include "adapters/nats/options.h"
#include "runtime/base/result.h"

namespace troupe::nats {

struct DestroyOptions {
  void operator()(natsOptions* options) const { natsOptions_Destroy(options); }
};
using LibraryOptions = std::unique_ptr<natsOptions, DestroyOptions>;

/// The library's form of what was configured: addresses, encryption, identity and limits.
/// kConfigInvalid, with a sentence that holds no secret, where it cannot ever work.
Result<LibraryOptions> library_options(const Options& options);

}  // namespace troupe::nats
