#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace troupe::sqlite {

/// SQLite leaves the last eight bytes of every page to others ("reserved bytes"). They hold the
/// page's seal: CRC32C of the rest of the page, then the page's number, so that a page in another's
/// place shows too; both little-endian. No seal is all zeros, which is what a page has that a
/// program without seals wrote.
inline constexpr int kSealBytes = 8;

void seal(char* page, std::size_t page_bytes, std::uint32_t number);
bool is_sealed(std::string_view page, std::uint32_t number);
/// The checksum alone, where it is not known which page it should be.
bool has_checksum(std::string_view page);
bool lacks_seal(std::string_view page);

/// What a page of SQLite's can be in bytes.
constexpr bool is_page_size(std::uint64_t bytes) {
  return bytes >= 512 && bytes <= 65536 && (bytes & (bytes - 1)) == 0;
}

}  // namespace troupe::sqlite
