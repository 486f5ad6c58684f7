#pragma once

#include "actors/messages.h"
#include "actors/node/services.h"

namespace troupe::actors {

/// The first record of a run, from a start request: merges params and (if opted in) the version's
/// saved run setup, request keys winning; finds the roots that do not start. kValidationFailed
/// names unknown ids. Its project keeps it for so many days; 0: for ever.
Result<run::record::RunCreated> spec_of(const StartRequest& request, const Published& published,
                                        TimePoint now, std::uint32_t retention_days);

/// Input object laid over defaults: members of `over` win; not objects: `over` if it is there.
json::Text merge_objects(const json::Text& under, const json::Text& over);

/// The id of a run started with an idempotency key: the same for the same key, so duplicates meet.
RunId keyed_run_id(const Hasher& hasher, const StartRequest& request);

/// The same of one that tries another again.
RunId keyed_retry_id(const Hasher& hasher, const RetryRequest& request);

/// kOverloaded, kStorageFull or kUnavailable if no new run may be admitted now.
Status may_admit(const Services& services, std::size_t queued);

}  // namespace troupe::actors
