#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <string>

#include "runtime/base/result.h"
#include "runtime/base/secret_text.h"

namespace troupe::vault {

/// The key in a file, in locked memory. kConfigInvalid, with what to do about it, if there is none,
/// or it is open to others, or is no key.
Result<SecretText> read_master_key_file(const std::string& path);

/// Makes a new master key in a file of that name (0600), unless there is one; true if it did. It is
/// there whole and durable, or not at all, and of several processes that try one makes it. Whoever
/// loses the file loses every secret. kStorageFull or kUnavailable if it cannot be written.
Result<bool> make_master_key_file(const std::string& path);

/// What is wrong with a file of this kind, owner and mode for `user` to keep a key in; empty if
/// nothing is.
std::string objection_to_key_file(const struct stat& file, uid_t user);

}  // namespace troupe::vault
