#include "actors/store/reader_actor.h"

namespace troupe::actors {
namespace {

struct ReaderState {
  static inline constexpr const char* name = "reader";
  std::unique_ptr<store::Reader> reader;
};

ReaderActor::behavior_type reader_actor(ReaderActor::stateful_pointer<ReaderState> self,
                                        store::Store* store) {
  self->state.reader = store->open_reader();
  return {[=](const ReadJob& job) { job.work(*self->state.reader); }};
}

}  // namespace

ReaderActor spawn_reader(caf::actor_system& system, store::Store& store, bool detached) {
  if (detached) return system.spawn<caf::detached>(reader_actor, &store);
  return system.spawn(reader_actor, &store);
}

}  // namespace troupe::actors
