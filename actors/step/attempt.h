#pragma once

#include "actors/messages.h"
#include "actors/step/executors.h"

namespace troupe::actors {

struct Services;

/// Carries one attempt of one step at a time: its run hands the job to the executor, the actor
/// wakes when the outcome comes and passes it on. Its run keeps it for its next attempt and watches
/// it: if it ends before the outcome, the attempt has failed.
StepActor spawn_step(caf::actor_system& system, Services& services, const RunActor& run);

/// One item of a for_each while it is in flight: carries all attempts of its body's steps and ends
/// when its run lets it go.
StepActor spawn_branch(caf::actor_system& system, Services& services, const RunActor& run);

/// Hands a job to its executor; its outcome comes to `attempt`.
void launch(Services& services, const StepActor& attempt, std::uint64_t token, Job job);

}  // namespace troupe::actors
