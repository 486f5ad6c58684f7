#include "adapters/sqlite/wal_format.h"

#include <cstring>

#include "adapters/sqlite/page_seal.h"

namespace troupe::sqlite {
namespace {

constexpr std::uint32_t kMagic = 0x377f0682;  // its lowest bit says how the sums read their words
constexpr std::size_t kClaimBytes = 48;

std::uint32_t big(const char* at) {
  std::uint32_t value = 0;
  std::memcpy(&value, at, 4);
  return __builtin_bswap32(value);
}
std::uint64_t word64(const char* at) {
  std::uint64_t value = 0;
  std::memcpy(&value, at, 8);
  return value;
}

template <bool kSwap>
WalSum sum_words(WalSum sum, std::string_view bytes) {
  for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
    std::uint32_t words[2];
    std::memcpy(words, bytes.data() + at, 8);
    sum.first += (kSwap ? __builtin_bswap32(words[0]) : words[0]) + sum.second;
    sum.second += (kSwap ? __builtin_bswap32(words[1]) : words[1]) + sum.first;
  }
  return sum;
}

/// The two copies of the claim stand one after the other.
std::optional<WalClaim> claim_in(std::string_view copy) {
  std::uint32_t words[kClaimBytes / 4];
  std::memcpy(words, copy.data(), kClaimBytes);
  const WalSum due = sum_words<false>({}, copy.substr(0, kClaimBytes - 8));
  if (words[10] != due.first || words[11] != due.second || words[0] == 0) return std::nullopt;
  return WalClaim{word64(copy.data() + 32), words[4]};
}

}  // namespace

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are read as they lie");

WalSum wal_sum(WalSum seed, std::string_view bytes, bool big_endian) {
  return big_endian ? sum_words<true>(seed, bytes) : sum_words<false>(seed, bytes);
}

WalSum read_sum(std::string_view eight_bytes) {
  return {big(eight_bytes.data()), big(eight_bytes.data() + 4)};
}

void write_sum(char* eight_bytes, WalSum sum) {
  const std::uint32_t words[2] = {__builtin_bswap32(sum.first), __builtin_bswap32(sum.second)};
  std::memcpy(eight_bytes, words, 8);
}

std::optional<WalHeader> read_wal_header(std::string_view bytes) {
  if (bytes.size() < kWalHeaderBytes) return std::nullopt;
  WalHeader header;
  const std::uint32_t magic = big(bytes.data());
  header.big_endian = (magic & 1) != 0;
  header.page_bytes = big(bytes.data() + 8);
  header.salts = word64(bytes.data() + 16);
  header.sum = read_sum(bytes.substr(24, 8));
  header.sum_due = wal_sum({}, bytes.substr(0, 24), header.big_endian);
  if ((magic & ~1u) != kMagic || !is_page_size(header.page_bytes)) return std::nullopt;
  return header;
}

WalFrame read_wal_frame(std::string_view header) {
  return {big(header.data()), big(header.data() + 4), word64(header.data() + 8),
          read_sum(header.substr(16, 8))};
}

WalSum frame_sum(WalSum seed, std::string_view header, std::string_view page, bool big_endian) {
  return wal_sum(wal_sum(seed, header.substr(0, 8), big_endian), page, big_endian);
}

std::optional<WalClaim> read_wal_claim(std::string_view shared_memory) {
  if (shared_memory.size() < 2 * kClaimBytes) return std::nullopt;
  const auto first = claim_in(shared_memory.substr(0, kClaimBytes));
  return first ? first : claim_in(shared_memory.substr(kClaimBytes, kClaimBytes));
}

}  // namespace troupe::sqlite
