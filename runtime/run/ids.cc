#include <string>
#include <string_view>

#include "runtime/base/bytes.h"
#include "runtime/cluster/slots.h"
#include "runtime/run/decide.h"

namespace troupe::run {
namespace {

Digest derived(const Hasher& hasher, State& state, std::string_view kind, const StepPath& path,
               std::uint16_t attempt) {
  ByteWriter seed;
  seed.uuid(state.id);
  seed.text(kind);
  seed.byte(path.size);
  for (int i = 0; i < path.size; ++i) seed.varint(path.part[i]);
  seed.varint(attempt);
  // A loop that is tried again counts the attempts of its inner steps from 1, as before.
  for (StepPath inner = path; !inner.top_level(); inner = inner.loop()) {
    const Located loop = locate(state, inner.loop());
    seed.varint(loop ? loop.state->attempts : 0);
  }
  return hasher.hash(seed.bytes());
}

}  // namespace

RunId child_id(const Hasher& hasher, State& state, const StepPath& path,
               std::uint16_t attempt) {
  // Parent and child have one owner always, so what they tell each other crosses no network.
  return RunId(cluster::v8_in(derived(hasher, state, "child", path, attempt),
                              cluster::slot_of(state.id)));
}

RunId group_id(const Hasher& hasher, State& state, const StepPath& path, std::uint32_t number) {
  // The golden ratio's share of the slots: any few multiples of it leave no large gap.
  constexpr std::uint64_t kStride = 633;
  const std::uint64_t slot = (cluster::slot_of(state.id) + kStride * (number + std::uint64_t{1})) %
                             cluster::kSlotCount;
  return RunId(cluster::v8_in(derived(hasher, state, "group", path.inner(number, 0), 0),
                              static_cast<cluster::Slot>(slot)));
}

TaskId task_id(const Hasher& hasher, State& state, const StepPath& path,
               std::uint16_t attempt) {
  return TaskId(Uuid::v8(derived(hasher, state, "task", path, attempt)));
}

}  // namespace troupe::run
