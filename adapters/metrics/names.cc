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
    {kGauge, "journal_tables", "", "", Buckets::kNone,
     "Journal tables that this node keeps, the one being written included."},
    {kCounter, "quarantines_total", "", "", Buckets::kNone, "Runs that were set aside."},
    {kGauge, "ready", "dependency", "", Buckets::kNone,
     "Whether a dependency works, as /readyz tells it: 1 or 0."},
    {kGauge, "data_dir_free_bytes", "", "", Buckets::kNone,
     "Room on the file system of the data directory."},
    {kGauge, "data_dir_size_bytes", "", "", Buckets::kNone,
     "Size of the file system of the data directory."},
    {kGauge, "actors", "kind", "", Buckets::kNone, "Live actors, by kind."},
    {kCounter, "recoveries_total", "", "", Buckets::kNone, "Entities reloaded from the store."},
    {kGauge, "slots_owned", "", "", Buckets::kNone, "Slots that this node owns."},
    {kGauge, "cluster_members", "", "", Buckets::kNone, "Nodes that share the store."},
    {kCounter, "takeovers_total", "", "", Buckets::kNone, "Nodes declared gone by this one."},
    {kCounter, "handovers_total", "", "", Buckets::kNone, "Slots given to other nodes."},
    {kCounter, "fenced_commits_total", "", "", Buckets::kNone,
     "Times that this node found itself declared gone, in all lives over its data directory."},
    {kCounter, "events_published_total", "", "", Buckets::kNone, "Events that left the node."},
    {kCounter, "events_unpublished_total", "", "", Buckets::kNone,
     "Events, or records of them, that cannot be read or sent and never will leave."},
    {kCounter, "events_gaps_total", "", "", Buckets::kNone,
     "Times that a stretch of the journal was let go with events that had not left the node."},
    {kHistogram, "submit_latency_seconds", "", "", Buckets::kSeconds,
     "Time from a start request to its durable acceptance."},
    {kHistogram, "http_request_duration_seconds", "route", "code", Buckets::kSeconds,
     "Time from a request's header to its answer, by route pattern and status."},
    {kGauge, "tail_slots", "", "", Buckets::kNone,
     "Own slots that still need journals of gone nodes."},
    {kGauge, "lease_left_seconds", "", "", Buckets::kNone,
     "How long this node still counts as alive without a renewal; below 0: its lease has run out."},
    {kGauge, "remote_calls_waiting", "", "", Buckets::kNone,
     "Calls that came to this node and wait for another one, which owns what they are about."},
    {kGauge, "nats_connected", "", "", Buckets::kNone,
     "Whether there is a connection to NATS: 1 or 0; 0 also where none is configured."},
    {kCounter, "nats_reconnects_total", "", "", Buckets::kNone, "Reconnections to NATS."},
    {kCounter, "nats_late_answers_total", "", "", Buckets::kNone,
     "Answers over NATS to requests that had ended."},
    {kCounter, "nats_submissions_total", "kind", "outcome", Buckets::kNone,
     "Submissions over NATS, by way in (submit, enqueue) and outcome."},
    {kCounter, "mails_total", "outcome", "", Buckets::kNone,
     "Letters, by what came of them: sent, failed, dropped."},
    {kCounter, "sandbox_kills_total", "reason", "", Buckets::kNone,
     "Sandbox processes that were killed, by reason."},
    {kCounter, "llm_tokens_total", "provider", "direction", Buckets::kNone,
     "Tokens sent to and received from models."},
    {kGauge, "build_info", "version", "", Buckets::kNone, "Always 1; its label is the version."},
};

}  // namespace

std::span<const Name> names() { return kNames; }

}  // namespace troupe::metrics
