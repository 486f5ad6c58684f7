#pragma once

#include <vector>

#include "actors/messages.h"
#include "actors/node/services.h"

namespace troupe::actors {

/// Adds a new run's first decision to a group.
void append_creation(Services& services, run::State& state, const run::Decision& decision,
                     Submission& submission);

/// Commits the new runs of one workspace: their frames at once, all or none, then their rows in
/// pieces, among the writes of others. `done` hears ok when the last row has landed, or why the
/// group was refused; once.
void submit_group(Services& services, const std::shared_ptr<Submission>& group,
                  const std::function<void(const Status&)>& done);

/// Commits rows of runs whose frames are durable or were submitted before, in pieces. They are not
/// refused, as their runs are accepted. `landed` is told about each piece.
void submit_rows(Services& services, const caf::strong_actor_ptr& tenant,
                 const std::vector<store::RunRow>& rows, const std::function<void()>& landed);

}  // namespace troupe::actors
