#include <string_view>

#include "adapters/system/hasher.h"
#include "runtime/base/ensure.h"
#include "runtime/cluster/wire.h"
#include "tests/fuzz/entries.h"

namespace troupe::fuzz {
namespace {

template <class T>
void read_answer(std::string_view bytes) {
  const system::Blake2bHasher hasher;
  const auto answer = cluster::wire::decode_answer<T>(hasher, bytes);
  if (answer && answer->ok()) cluster::wire::encode(hasher, *answer);
}

}  // namespace

// What comes from other nodes: a refusal, or a call that is sent on the same way.
void fuzz_wire(std::string_view bytes) {
  const auto call = cluster::wire::decode(bytes);
  if (call) {
    const std::string once = cluster::wire::encode(*call);
    const auto again = cluster::wire::decode(once);
    TROUPE_ENSURE(again.ok() && cluster::wire::encode(*again) == once);
  } else {
    TROUPE_ENSURE(call.error().code == Code::kUnavailable);
  }
  read_answer<cluster::Answered>(bytes);
  read_answer<cluster::RunLook>(bytes);
  read_answer<Started>(bytes);
  read_answer<Unit>(bytes);
}

}  // namespace troupe::fuzz
