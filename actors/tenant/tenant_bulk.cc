// Groups of new runs, made in pieces so that they hold nobody up.

#include "actors/store/new_runs.h"
#include "actors/tenant/admission.h"
#include "actors/tenant/tenant.h"

namespace troupe::actors {
namespace {

constexpr std::size_t kBulkPiece = 64;

}  // namespace

void Tenant::start_all(const StartRuns& message) {
  StartRuns bulk = message;
  if (bulk.progress == nullptr) {
    if (Status admitted = may_admit(services_, queue_.size() + bulk.items->size()); !admitted) {
      return bulk.done(std::move(admitted).error());
    }
    bulk.progress = std::make_shared<BulkProgress>();
    bulk.progress->submission = std::make_shared<Submission>();
    bulk.progress->states = std::make_shared<std::vector<run::State>>();
    bulk.progress->generation = generation_;
    ++bulks_[generation_];
  }
  const std::size_t until = std::min(bulk.progress->next + kBulkPiece, bulk.items->size());
  for (; bulk.progress->next < until; ++bulk.progress->next) {
    if (Status made = make_one_of(bulk); !made) {
      bulk_ended(bulk.progress->generation);
      return bulk.done(std::move(made).error());
    }
  }
  if (until < bulk.items->size()) return caf::anon_send(outside_.self(), std::move(bulk));
  submit_all(bulk);
}

Status Tenant::make_one_of(const StartRuns& bulk) {
  BulkProgress& progress = *bulk.progress;
  const BatchItem& item = (*bulk.items)[progress.next];
  StartRequest request = bulk.common;
  request.input = item.input;
  request.external_id = item.external_id;
  const TimePoint now = services_.now();
  auto spec = spec_of(request, *bulk.published, now, services_.retention.days(request.project));
  if (!spec) return std::move(spec).error();
  const RunId id = services_.new_run_id();
  if (!id.set()) return services_.no_slots();
  run::State state = run::new_state(id, bulk.published->graph);
  Random jitter(progress.next);  // creation draws none
  const run::Context context{now, jitter, services_.ports.hasher, services_.options.run};
  auto decision = run::decide(state, run::event::Created{std::move(*spec), false}, context);
  if (!decision) return std::move(decision).error();
  progress.ids.push_back(state.id);
  append_creation(services_, state, *decision, *progress.submission);
  progress.states->push_back(std::move(state));
  return ok();
}

void Tenant::submit_all(const StartRuns& bulk) {
  BulkProgress& progress = *bulk.progress;
  // What waits for the group must not hold the group itself: they would hold each other for good.
  const std::shared_ptr<Submission> group = std::move(progress.submission);
  group->tenant = caf::actor_cast<caf::strong_actor_ptr>(outside_.self());
  submit_group(services_, group,
               [done = bulk.done, tenant = outside_.self(), states = progress.states,
                generation = progress.generation,
                ids = std::move(progress.ids)](const Status& status) {
                 if (!status) {
                   caf::anon_send(tenant, BulkEnded{generation});
                   return done(status.error());
                 }
                 caf::anon_send(tenant, Enqueue{states, Origin::kNew});
                 caf::anon_send(tenant, BulkEnded{generation});
                 done(ids);
               });
}

}  // namespace troupe::actors
