#include <string>
#include <string_view>

#include "runtime/base/ensure.h"
#include "runtime/journal/frame.h"
#include "tests/fuzz/entries.h"
#include "tests/fuzz/stored_run.h"

namespace troupe::fuzz {
namespace {

void read_frame(std::string_view bytes) {
  const Result<journal::FrameView> frame = journal::decode_frame(bytes);
  if (!frame.ok()) {
    TROUPE_ENSURE(frame.error().code == Code::kCorrupt || frame.error().code == Code::kUnavailable);
    return;
  }
  const std::string written = journal::encode_frame(frame->header, frame->records);
  const Result<journal::FrameView> again = journal::decode_frame(written);
  TROUPE_ENSURE(again.ok());
  TROUPE_ENSURE(again->records == frame->records);
  TROUPE_ENSURE(journal::encode_frame(again->header, again->records) == written);
  TROUPE_ENSURE(journal::crc32c(bytes) == journal::crc32c_by_table(bytes));
}

}  // namespace

// Stored frames: whatever the bytes, a frame that keeps its content or one of the two refusals. The
// bytes are read as they are and with a checksum that fits them.
void fuzz_frame(std::string_view bytes) {
  read_frame(bytes);
  read_frame(with_checksum(bytes));
}

}  // namespace troupe::fuzz
