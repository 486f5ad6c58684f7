#pragma once

#include "actors/messages.h"

namespace troupe::actors {

struct Services;

/// One attempt of one step. Spawned lazily by its run, which has handed the job to the executor
/// already: the actor wakes when the outcome comes, passes it on and ends. Whatever happens to it,
/// its run hears of the attempt's end exactly once.
StepActor spawn_step(caf::actor_system& system, Services& services, const RunActor& run,
                     std::uint64_t token);

/// One item of a for_each while it is in flight: carries all attempts of its body's steps and ends
/// when its run lets it go.
StepActor spawn_branch(caf::actor_system& system, Services& services, const RunActor& run);

/// Hands a job to the executor; its outcome comes to `attempt`.
void launch(Services& services, const StepActor& attempt, std::uint64_t token, ScriptJob job);

}  // namespace troupe::actors
