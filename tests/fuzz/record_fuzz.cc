#include <string>
#include <string_view>

#include "runtime/base/ensure.h"
#include "runtime/run/record.h"
#include "tests/fuzz/entries.h"

namespace troupe::fuzz {

// Stored records, one behind the other: what can be read at all is written again as something that
// reads the same.
void fuzz_record(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view before = bytes;
    const Result<run::Record> record = run::decode(&bytes);
    if (!record.ok()) {
      TROUPE_ENSURE(bytes == before);
      TROUPE_ENSURE(record.error().code == Code::kCorrupt ||
                    record.error().code == Code::kUnavailable);
      return;
    }
    TROUPE_ENSURE(bytes.size() < before.size());
    std::string written;
    run::encode(*record, written);
    std::string_view rest = written;
    const Result<run::Record> again = run::decode(&rest);
    TROUPE_ENSURE(again.ok() && rest.empty());
    std::string rewritten;
    run::encode(*again, rewritten);
    TROUPE_ENSURE(written == rewritten);
  }
}

}  // namespace troupe::fuzz
