#include "runtime/journal/frame.h"

#include <gtest/gtest.h>

#include "runtime/base/random.h"

namespace troupe::journal {
namespace {

Header sample_header() {
  Header header;
  header.number = 4096;
  header.first_record = 70'000;
  header.record_count = 3;
  header.first_seq = 90'000;
  header.event_count = 9;
  header.back = {(5ull << 40) | 123'456, (5ull << 40) | 120'000, (4ull << 40) | 77};
  return header;
}

TEST(JournalFrame, GivesBackHeaderAndRecords) {
  const Header header = sample_header();
  const std::string bytes = encode_frame(header, "some records");
  const Result<FrameView> view = decode_frame(bytes);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->records, "some records");
  EXPECT_EQ(view->header.number, header.number);
  EXPECT_EQ(view->header.first_record, header.first_record);
  EXPECT_EQ(view->header.record_count, header.record_count);
  EXPECT_EQ(view->header.first_seq, header.first_seq);
  EXPECT_EQ(view->header.event_count, header.event_count);
  EXPECT_EQ(view->header.back.one, header.back.one);
  EXPECT_EQ(view->header.back.far64, header.back.far64);
  EXPECT_EQ(view->header.back.far4096, header.back.far4096);
}

TEST(JournalFrame, AnyFlippedBitIsCorrupt) {
  const std::string good = encode_frame(sample_header(), "some records");
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    const Result<FrameView> view = decode_frame(bad);
    ASSERT_FALSE(view.ok()) << bit;
    ASSERT_EQ(view.error().code, Code::kCorrupt) << bit;
  }
}

TEST(JournalFrame, AnyCutIsCorrupt) {
  const std::string good = encode_frame(sample_header(), "some records");
  for (std::size_t size = 0; size < good.size(); ++size) {
    const Result<FrameView> view = decode_frame(std::string_view(good).substr(0, size));
    ASSERT_FALSE(view.ok()) << size;
    ASSERT_EQ(view.error().code, Code::kCorrupt) << size;
  }
}

TEST(JournalFrame, VersionFromTheFutureIsUnavailable) {
  Header header = sample_header();
  header.version = 2;
  const Result<FrameView> view = decode_frame(encode_frame(header, "some records"));
  ASSERT_FALSE(view.ok());
  EXPECT_EQ(view.error().code, Code::kUnavailable);
}

TEST(JournalFrame, LayoutOfAnOrdinaryFrameIsStable) {
  Header header;
  header.number = 2;
  header.first_record = 3;
  header.record_count = 1;
  header.first_seq = 4;
  header.event_count = 3;
  header.back.one = (1ull << 40) | 1;
  const std::string bytes = encode_frame(header, "R");
  std::string hex;
  for (const unsigned char c : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += {kDigits[c >> 4], kDigits[c & 15]};
  }
  EXPECT_EQ(hex, "010203010403818080808020000052ec402874");
}

TEST(JournalFrame, ChecksumHasTheKnownValues) {
  // Check value of the CRC catalogue, and two vectors of RFC 3720, B.4.
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
  EXPECT_EQ(crc32c(""), 0u);
}

TEST(JournalFrame, ChecksumIsTheSameByInstructionAndByTable) {
  Random random(7);
  for (std::size_t size = 0; size < 300; ++size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random.next());
    ASSERT_EQ(crc32c(bytes), crc32c_by_table(bytes)) << size;
  }
}

}  // namespace
}  // namespace troupe::journal
