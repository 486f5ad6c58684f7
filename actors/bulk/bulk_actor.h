#pragma once

#include "actors/messages.h"
#include "runtime/bulk/job.h"

namespace troupe::actors {

struct Services;

/// Jobs may be there that this node is in charge of: a new one, or those of slots that have come.
struct LookForJobs {};
struct JobsFound { Result<std::vector<store::Document>> rows; };
struct JobPage { Uuid job; Result<store::Rows<store::RunRow>> rows; };
struct JobRunSeen { Uuid job; std::size_t row = 0; Status outcome; };
/// The etag of what is stored now; nothing: somebody else has ended or taken over the job.
struct JobSaved { Uuid job; Result<std::optional<std::uint64_t>> etag; };
struct JobGoesOn { Uuid job; };
using BulkActor =
    caf::typed_actor<caf::reacts_to<LookForJobs>, caf::reacts_to<JobsFound>,
                     caf::reacts_to<JobPage>, caf::reacts_to<JobRunSeen>,
                     caf::reacts_to<JobSaved>, caf::reacts_to<JobGoesOn>>;

/// Works on the jobs over many runs whose ids are in this node's slots: page by page, so many runs
/// at a time that others are not held up. How far each has come is stored with every page, and its
/// document is where it hears that it has been cancelled. Asks nothing while there is no job.
BulkActor spawn_bulk(caf::actor_system& system, Services& services, Engine& engine);

}  // namespace troupe::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::LookForJobs)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::JobsFound)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::JobPage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::JobRunSeen)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::JobSaved)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::JobGoesOn)
