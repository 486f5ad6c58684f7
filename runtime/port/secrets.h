#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/base/secret_text.h"
#include "runtime/port/data_keys.h"

namespace troupe {

// Secrets: passwords as hashes that cannot be turned back, values sealed under the data key of
// their workspace, data keys wrapped under a master key. All that comes out of here for keeping is
// a string of bytes; nothing here stores anything.

enum class PasswordMatch : std::uint8_t {
  kNo,
  kYes,
  kYesHashAnew,  ///< its hash costs less than one would now: store a new one
};

inline constexpr std::size_t kPasswordBytesMax = 4096;

/// Slow on purpose, in time and memory: a call holds its thread for tens of milliseconds. Any
/// thread. As many run at once as memory is set aside for; the next one is refused with kOverloaded
/// at once, rather than put in a line that an attacker could fill. A password over
/// kPasswordBytesMax is refused with kLimitExceeded.
class PasswordHasher {
 public:
  virtual ~PasswordHasher() = default;
  /// A text with its parameters and salt in it.
  virtual Result<std::string> hash(const SecretText& password) = 0;
  /// kCorrupt if `hash` is none that this could have made.
  virtual Result<PasswordMatch> verify(const SecretText& password, std::string_view hash) = 0;
  /// kNo, after the work of `verify`: for a sign-in to an account that does not exist, so that the
  /// time taken does not tell which accounts do.
  virtual Result<PasswordMatch> verify_against_nobody(const SecretText& password) = 0;
};

inline constexpr std::size_t kSecretBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kSealedFieldBytesMax = 1024;

/// Where in its workspace a sealed value is at home. It opens nowhere else.
struct SealedPlace {
  std::string_view field;     ///< path with the id of the record in it, as "connection/ID/password"
  std::uint64_t version = 0;  ///< of the value, so that an older one cannot be put back
};

/// Seals values. Any thread. How long a value is can be told from its sealed form.
class Sealer {
 public:
  virtual ~Sealer() = default;
  /// Under the newest of the keys; kUnavailable if there is none. kLimitExceeded for a value over
  /// kSecretBytesMax or a field that is empty or over kSealedFieldBytesMax.
  virtual Result<std::string> seal(const DataKeys& keys,
                                   const SealedPlace& place,
                                   const SecretText& value) const = 0;
  /// kCorrupt if the bytes are changed, belong to another workspace, field or version, or were
  /// sealed under a key that is not among `keys`: look at `key_version` first where another node
  /// may have rotated meanwhile.
  virtual Result<SecretText> open(const DataKeys& keys,
                                  const SealedPlace& place,
                                  std::string_view sealed) const = 0;
  /// The version of the data key that a value is sealed under, as it claims. kCorrupt if the bytes
  /// are no sealed value.
  virtual Result<std::uint32_t> key_version(std::string_view sealed) const = 0;
  /// Whether the value is sealed under an older key than the newest of these. Whoever knows only
  /// older keys than the value's has nothing to mend.
  Result<bool> needs_resealing(const DataKeys& keys, std::string_view sealed) const {
    const Result<std::uint32_t> version = key_version(sealed);
    if (!version) return version.error();
    return keys.newest() != nullptr && *version < keys.newest()->version;
  }
};

/// A data key and the form of it that is stored.
struct MadeDataKey {
  DataKey key;
  std::string wrapped;
};

/// Makes data keys and wraps them under a master key. It knows several masters: the current one
/// wraps, all of them unwrap. Any thread; a call may wait for a program outside, so keep what has
/// been unwrapped.
///
/// kUnavailable if a wrapped key names a master that is not known here, or the outside program
/// fails; kCorrupt if the bytes are changed or belong to another workspace.
class KeyRing {
 public:
  virtual ~KeyRing() = default;
  /// A new random key. It has been read back from its wrapped form when this returns.
  virtual Result<MadeDataKey> make(const WorkspaceId& workspace, std::uint32_t version) = 0;
  virtual Result<DataKey> unwrap(const WorkspaceId& workspace, std::string_view wrapped) = 0;
  /// The same key wrapped under the current master, read back before this returns.
  virtual Result<std::string> rewrap(const WorkspaceId& workspace, std::string_view wrapped) = 0;
  /// The id of the master that a key is wrapped under, as it claims.
  virtual Result<std::string> master_of(std::string_view wrapped) const = 0;
  virtual const std::string& current_master() const = 0;
  /// Whether the key is wrapped under another master than the current one.
  Result<bool> needs_rewrapping(std::string_view wrapped) const {
    const Result<std::string> master = master_of(wrapped);
    if (!master) return master.error();
    return *master != current_master();
  }
};

}  // namespace troupe
