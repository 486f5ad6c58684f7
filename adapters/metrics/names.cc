#include "adapters/metrics/names.h"

namespace troupe::metrics {
namespace {

using enum Kind;

constexpr Name kNames[] = {
    {kCounter, "runs_started_total", "", "", Buckets::kNone, "Runs that were accepted."},
    {kCounter, "runs_finished_total", "status", "", Buckets::kNone, "Runs that ended, by status."},
    {kGauge, "runs_open", "status", "", Buckets::kNone, "Runs that have not ended, by status."},
    {kCounter, "steps_finished_total", "type", "status", Buckets::kNone,
     "Steps that ended, by type and status."},
    {kHistogram, "step_duration_seconds", "type", "", Buckets::kSeconds,
     "Time from the start of a step's last attempt to its end."},
    {kHistogram, "step_queue_wait_seconds", "", "", Buckets::kSeconds,
     "Time that a ready attempt waited for its turn."},
    {kHistogram, "run_duration_seconds", "", "", Buckets::kLongSeconds,
     "Time from a run's creation to its end."},
    {kHistogram, "commit_duration_seconds", "", "", Buckets::kSeconds,
     "Time of one transaction of the store, until it was durable."},
    {kHistogram, "commit_records", "", "", Buckets::kRecords, "Records in one transaction."},
    {kGauge, "commit_queue_depth", "", "", Buckets::kNone, "Records that wait for their commit."},
    {kCounter, "journal_bytes_total", "", "", Buckets::kNone, "Bytes written to the journal."},
    {kGauge, "actors", "kind", "", Buckets::kNone, "Live actors, by kind."},
    {kCounter, "recoveries_total", "", "", Buckets::kNone, "Entities reloaded from the store."},
    {kGauge, "slots_owned", "", "", Buckets::kNone, "Slots that this node owns."},
    {kHistogram, "submit_latency_seconds", "", "", Buckets::kSeconds,
     "Time from a start request to its durable acceptance."},
    {kHistogram, "http_request_duration_seconds", "route", "code", Buckets::kSeconds,
     "Time from a request's header to its answer, by route pattern and status."},
    {kCounter, "nats_reconnects_total", "", "", Buckets::kNone, "Reconnections to NATS."},
    {kCounter, "nats_late_answers_total", "", "", Buckets::kNone,
     "Answers over NATS to requests that had ended."},
    {kCounter, "nats_submissions_total", "kind", "outcome", Buckets::kNone,
     "Submissions over NATS, by way in (submit, enqueue) and outcome."},
    {kCounter, "sandbox_kills_total", "reason", "", Buckets::kNone,
     "Sandbox processes that were killed, by reason."},
    {kCounter, "llm_tokens_total", "provider", "direction", Buckets::kNone,
     "Tokens sent to and received from models."},
    {kGauge, "build_info", "version", "", Buckets::kNone, "Always 1; its label is the version."},
};

}  // namespace

std::span<const Name> names() { return kNames; }

}  // namespace troupe::metrics
