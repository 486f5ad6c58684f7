#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/base/uuid.h"
#include "runtime/port/secrets.h"

namespace troupe::vault {

// The bytes that are kept. Numbers are big-endian and of fixed width, so that there is one way to
// write each thing; README.md has the layout.

/// A value under a data key. The views point into what was parsed.
struct SealedValue {
  std::uint32_t key_version = 0;
  std::string_view nonce;
  std::string_view ciphertext;
};

/// A data key under a master key. Borrows like SealedValue.
struct WrappedKey {
  std::uint32_t key_version = 0;
  std::string_view master_id;
  std::string_view ticket;  ///< what the master key's program needs to unwrap; else empty
  std::string_view nonce;
  std::string_view ciphertext;
};

inline constexpr std::size_t kMasterIdBytesMax = 64;
inline constexpr std::size_t kTicketBytesMax = 2048;

bool is_master_id(std::string_view id);

/// kCorrupt if the bytes cannot be that; whether they are genuine only opening shows.
Result<SealedValue> parse_sealed(std::string_view bytes);
Result<WrappedKey> parse_wrapped(std::string_view bytes);

std::string write(const SealedValue& value);
std::string write(const WrappedKey& key);

/// What has to be the same when it is opened. It begins with what kind of thing it is, so that
/// neither can pass for the other, and says everything in front of the nonce.
std::string associated_data(const SealedValue& value,
                            const WorkspaceId& workspace,
                            const SealedPlace& place);
std::string associated_data(const WrappedKey& key, const WorkspaceId& workspace);

}  // namespace troupe::vault
