#include <string_view>

#include "runtime/base/ensure.h"
#include "runtime/base/time.h"
#include "runtime/base/uuid.h"
#include "runtime/port/paging.h"
#include "tests/fuzz/entries.h"

namespace troupe::fuzz {
namespace {

void read_cursor(store::ListKind kind, std::string_view text) {
  const auto cursor = store::decode_cursor(kind, text);
  if (!cursor.ok()) {
    TROUPE_ENSURE(cursor.error().code == Code::kInvalidRequest);
  } else if (*cursor) {
    TROUPE_ENSURE(store::encode_cursor(kind, **cursor) == text);
  } else {
    TROUPE_ENSURE(text.empty());
  }
}

}  // namespace

// The small texts that callers hand back: cursors, ids, instants. Each is refused, or means what it
// is written as.
void fuzz_token(std::string_view bytes) {
  for (const auto kind : {store::ListKind::kRuns, store::ListKind::kWorkflows,
                          store::ListKind::kVersions, store::ListKind::kTasks}) {
    read_cursor(kind, bytes);
  }
  if (const auto id = Uuid::parse(bytes)) TROUPE_ENSURE(Uuid::parse(id->to_string()) == id);
  if (const auto time = parse_rfc3339(bytes)) {
    // Written to the millisecond.
    const auto again = parse_rfc3339(to_rfc3339(*time));
    TROUPE_ENSURE(again && again->us <= time->us && time->us - again->us < 1000);
  }
}

}  // namespace troupe::fuzz
