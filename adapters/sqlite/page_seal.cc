#include "adapters/sqlite/page_seal.h"

#include <algorithm>

#include "runtime/journal/frame.h"

namespace troupe::sqlite {
namespace {

std::string_view content(std::string_view page) { return page.substr(0, page.size() - kSealBytes); }
std::string_view seal_in(std::string_view page) { return page.substr(page.size() - kSealBytes); }

void put(char* at, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<char>(value >> (8 * i));
}
std::uint32_t get(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return value;
}

}  // namespace

void seal(char* page, std::size_t page_bytes, std::uint32_t number) {
  char* const at = page + page_bytes - kSealBytes;
  put(at, journal::crc32c(content({page, page_bytes})));
  put(at + 4, number);
}

bool is_sealed(std::string_view page, std::uint32_t number) {
  return get(seal_in(page).substr(4)) == number && has_checksum(page);
}

bool has_checksum(std::string_view page) {
  return get(seal_in(page)) == journal::crc32c(content(page));
}

bool lacks_seal(std::string_view page) {
  const std::string_view bytes = seal_in(page);
  return std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == 0; });
}

}  // namespace troupe::sqlite
