#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace troupe::nats {

/// The public key, "U…", of a user whose seed, "SU…", this is. The library signs with a seed, but
/// has to be told whose it is. kConfigInvalid where it is no such seed; the message does not show
/// it.
Result<std::string> public_nkey(std::string_view seed);

/// The same of the first line in a file that begins as a seed does; other lines, such as those that
/// tools write around it, are passed over. kConfigInvalid also where the file cannot be read.
Result<std::string> public_nkey_of_file(const std::string& path);

}  // namespace troupe::nats
