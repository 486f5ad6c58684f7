#include "actors/bulk/bulk_actor.h"

#include <unordered_map>

#include "actors/bulk/walk.h"
#include "actors/node/always_answered.h"
#include "actors/node/services.h"

namespace troupe::actors {
namespace {

constexpr Duration kLookAgain = seconds(5);

struct BulkState {
  static inline constexpr const char* name = "bulk";
  std::unordered_map<Uuid, std::unique_ptr<Walk>> walks;
};
using Self = BulkActor::stateful_pointer<BulkState>;

/// What the store makes of a job's progress: nothing if the job is not this node's any more.
Result<store::Change> progress(store::Documents& documents, const bulk::Job& job,
                               std::uint64_t etag, TimePoint now,
                               std::optional<std::uint64_t>* written) {
  written->reset();
  const auto row = documents.find(store::DocumentKind::kJob, job.id);
  if (!row) return row.error();
  store::Change change;
  if (!*row || (*row)->etag != etag) return change;
  change.put.push_back(bulk::encode(job, now));
  *written = etag + 1;
  return change;
}

class Bulk {
 public:
  Bulk(Self self, Services& services, Engine& engine)
      : self_(self), services_(services), engine_(engine) {}

  void look() {
    services_.read([me = me()](store::Reader& reader) {
      const store::DocumentFilter filter{store::DocumentKind::kJob, {}, {},
                                         bulk::owner_of_unfinished()};
      caf::anon_send(me, JobsFound{reader.documents(store::DocumentScope::all()).all(filter)});
    });
  }

  void found(const Result<std::vector<store::Document>>& rows) {
    if (!rows) {
      warn("jobs could not be looked for", rows.error());
      return self_->delayed_send(self_, std::chrono::microseconds(kLookAgain.us), LookForJobs{});
    }
    for (const store::Document& row : *rows) {
      if (!services_.ownership.is_mine(row.id) || walks().contains(row.id)) continue;
      auto job = bulk::decode(row);
      if (!job) {
        warn("a job cannot be read", job.error());
        continue;
      }
      auto walk = std::make_unique<Walk>(*std::move(job), row.etag, outside(row.id));
      Walk& begun = *walk;
      walks().emplace(row.id, std::move(walk));
      begun.go_on();
    }
  }

  /// Null where the job has ended, or is not this node's any more.
  Walk* find(const Uuid& job) {
    const auto at = walks().find(job);
    return at == walks().end() ? nullptr : at->second.get();
  }

  void saved(const Uuid& job, const Result<std::optional<std::uint64_t>>& etag) {
    Walk* const walk = find(job);
    if (walk == nullptr) return;
    if (!etag) {
      warn("the progress of a job was not stored", etag.error());
      // The outcome may be unknown: what is stored says how to go on.
      walks().erase(job);
      return self_->delayed_send(self_, std::chrono::microseconds(kLookAgain.us), LookForJobs{});
    }
    const bool is_mine = services_.ownership.is_mine(job);
    if (*etag && is_mine) {
      walk->saved(**etag);
      if (walk->has_ended()) walks().erase(job);
      return;
    }
    // It has been cancelled, or its last owner wrote once more when this one had read it.
    walks().erase(job);
    if (is_mine) self_->send(self_, LookForJobs{});
  }

 private:
  BulkActor me() const { return BulkActor(self_); }
  std::unordered_map<Uuid, std::unique_ptr<Walk>>& walks() { return self_->state.walks; }
  void warn(std::string_view what, const Error& error) {
    services_.ports.log.warning(what, {{"message", error.message}});
  }

  Walk::Outside outside(const Uuid& job) {
    Walk::Outside out;
    out.read = [this, job](const store::RunFilter& filter, const store::Page& page) {
      services_.read([me = me(), job, scope = find(job)->job().scope(), filter,
                      page](store::Reader& reader) {
        caf::anon_send(me, JobPage{job, reader.runs(scope, filter, page)});
      });
    };
    out.act = [this, job](std::size_t row) { act(*find(job), row); };
    out.save = [this, job] { save(*find(job)); };
    out.pause = [this, job](Duration delay) {
      self_->delayed_send(self_, std::chrono::microseconds(delay.us), JobGoesOn{job});
    };
    return out;
  }

  void act(const Walk& walk, std::size_t row) {
    const bulk::Job& job = walk.job();
    const store::RunRow& run = walk.row(row);
    const store::TenantScope scope{run.workspace, run.project};
    const auto tell = [me = me(), id = job.id, row](const Status& outcome) {
      caf::anon_send(me, JobRunSeen{id, row, outcome});
    };
    const auto outcome_of = [tell](const auto& answer) {
      tell(answer ? ok() : Status(answer.error()));
    };
    if (job.action == bulk::Action::kRetry) {
      RetryRequest retry;
      retry.run = run.id;
      retry.idempotency_key = bulk::retry_key(job);
      return engine_.retry(scope, retry, always_answered<Started>(outcome_of));
    }
    const bool gracefully = job.action == bulk::Action::kStopGracefully;
    engine_.control(scope, run.id,
                    gracefully ? Control::kStopGraceful : Control::kStopImmediate,
                    always_answered<store::RunRow>(outcome_of));
  }

  void save(Walk& walk) {
    const TimePoint now = services_.now();
    walk.end_at(now);
    services_.write([me = me(), job = walk.job(), etag = walk.etag(), now](store::Writer& writer) {
      std::optional<std::uint64_t> written;
      const Status done = writer.change({job.id}, now, [&](store::Documents& documents) {
        return progress(documents, job, etag, now, &written);
      });
      using Etag = Result<std::optional<std::uint64_t>>;
      caf::anon_send(me, JobSaved{job.id, done ? Etag(written) : Etag(done.error())});
    });
  }

  Self self_;
  Services& services_;
  Engine& engine_;
};

BulkActor::behavior_type bulk_actor(Self self, Services* services, Engine* engine) {
  const auto bulk = std::make_shared<Bulk>(self, *services, *engine);
  self->send(self, LookForJobs{});
  return {
      [=](const LookForJobs&) { bulk->look(); },
      [=](const JobsFound& message) { bulk->found(message.rows); },
      [=](const JobPage& message) {
        if (Walk* const walk = bulk->find(message.job)) walk->page(message.rows);
      },
      [=](const JobRunSeen& message) {
        if (Walk* const walk = bulk->find(message.job)) walk->seen(message.row, message.outcome);
      },
      [=](const JobSaved& message) { bulk->saved(message.job, message.etag); },
      [=](const JobGoesOn& message) {
        if (Walk* const walk = bulk->find(message.job)) walk->go_on();
      },
  };
}

}  // namespace

BulkActor spawn_bulk(caf::actor_system& system, Services& services, Engine& engine) {
  return system.spawn(bulk_actor, &services, &engine);
}

}  // namespace troupe::actors
