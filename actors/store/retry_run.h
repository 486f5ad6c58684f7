#pragma once

#include "actors/messages.h"
#include "actors/node/services.h"

namespace troupe::actors {

/// Makes a new run that takes over what an ended one had completed. On a reader's thread.
void retry_from(Services& services, store::Reader& reader, const RetryRequest& request,
                const RunLook& seen, std::shared_ptr<const Published> to, Callback<Started> done);

/// What to tell somebody who answers a task, named by its id or its step's, that has been decided:
/// kTaskCompleted with the recorded decision, as JSON, as the message of its only issue; kNotFound
/// if the run has no such task; otherwise `error`.
Error task_conflict(Services& services, store::Reader& reader, const store::TenantScope& scope,
                    const RunLook& seen, const TaskAnswer& answer, const Error& error);

}  // namespace troupe::actors
