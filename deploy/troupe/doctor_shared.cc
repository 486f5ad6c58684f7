#include <cstdlib>

#include "adapters/metrics/registry.h"
#include "adapters/nats/examination.h"
#include "adapters/postgres/examination.h"
#include "adapters/system/clock.h"
#include "adapters/system/entropy.h"
#include "adapters/system/log.h"
#include "deploy/troupe/finding.h"
#include "deploy/troupe/shared_ports.h"
#include "deploy/troupe/version.h"

namespace troupe::cli {
namespace {

constexpr Duration kClockTrusted = milliseconds(500);
constexpr std::uint64_t kWalKept = 1024;  // MiB; at full load half a minute's

std::string in_seconds(Duration time) {
  const std::int64_t tenths = time.us / 100'000;
  return std::string(time.us < 0 ? "-" : "") + std::to_string(std::abs(tenths / 10)) + "." +
         std::to_string(std::abs(tenths % 10)) + " s";
}

Finding check_schema(const std::string& name, const postgres::Examination& found) {
  const std::string text = name + ": version " + std::to_string(found.schema_version);
  if (found.schema_version == 0) {
    return {"schema", Verdict::kWarn, name + " is not there yet; the first node makes it"};
  }
  if (found.is_part) {
    return {"schema", Verdict::kFail,
            name + " holds a part of a store: run `troupe migrate` again, to its end"};
  }
  if (found.schema_needs > found.schema_known) {
    return {"schema", Verdict::kFail,
            text + " is newer than this program, which knows " +
                std::to_string(found.schema_known)};
  }
  if (found.schema_version > found.schema_known) {
    return {"schema", Verdict::kWarn, text + "; nodes of a newer program are there"};
  }
  const bool is_older = found.schema_version < found.schema_known;
  return {"schema", is_older ? Verdict::kWarn : Verdict::kOk,
          text + (is_older ? "; the first node of this program brings it forward" : "")};
}

Finding check_database_clock(const postgres::Examination& found) {
  const bool is_far = std::abs(found.clock_ahead.us) > kClockTrusted.us + found.clock_doubt.us;
  const std::int64_t ms = std::abs(found.clock_ahead.us) / 1000;
  const std::string text = std::to_string(ms) + " ms " +
                           (found.clock_ahead.us < 0 ? "behind" : "before") + " this machine's";
  if (!is_far) return {"database clock", Verdict::kOk, text};
  return {"database clock", Verdict::kWarn,
          text + "; leases do not mind, timers and times of events do: run NTP on both"};
}

Finding check_database_log(const postgres::Examination& found) {
  const std::string text = "min_wal_size=" + std::to_string(found.wal_kept) + "MB";
  if (found.wal_kept >= kWalKept) return {"database log", Verdict::kOk, text};
  return {"database log", Verdict::kWarn,
          text + ": under load commits wait some 20 ms whenever a segment of the log is made anew "
                 "instead of used again; set " + std::to_string(kWalKept) + "MB or more"};
}

Finding check_members(const postgres::Examination& found) {
  if (found.members.empty()) return {"members", Verdict::kWarn, "no node has joined"};
  Finding finding{"members", Verdict::kOk, ""};
  for (const postgres::Examination::Node& node : found.members) {
    const Duration left = node.member.lease_left;
    finding.detail += (finding.detail.empty() ? "" : "; ") + node.member.name + ": " +
                      std::to_string(node.slots) + " slots, ";
    if (left.us < 0) {
      finding.verdict = Verdict::kWarn;
      finding.detail += "its lease ran out " + in_seconds({-left.us}) + " ago";
    } else {
      finding.detail += "lease for another " + in_seconds(left);
    }
    if (node.member.draining) finding.detail += ", draining";
  }
  return finding;
}

Finding check_slots(const postgres::Examination& found) {
  if (found.slots_free == 0) return {"slots", Verdict::kOk, "each has an owner"};
  const std::string text = std::to_string(found.slots_free) + " have no owner";
  if (found.members.empty()) return {"slots", Verdict::kOk, text + "; the first node takes them"};
  return {"slots", Verdict::kWarn,
          text + ": their runs stand still until a node has taken them, which takes seconds"};
}

Finding check_tails(const postgres::Examination& found) {
  const std::string gone = std::to_string(found.nodes_gone) + " gone nodes have journals";
  if (found.slots_tailed == 0) return {"tails", Verdict::kOk, "none; " + gone};
  const std::string text =
      std::to_string(found.slots_tailed) + " slots need journals of gone nodes; " + gone;
  // Without a node nobody can have settled them.
  return {"tails", found.members.empty() ? Verdict::kOk : Verdict::kWarn, text};
}

void check_database(const config::Options& options, std::vector<Finding>* findings) {
  const auto server = postgres_options(options);
  if (!server) {
    findings->push_back({"database", Verdict::kFail, server.error().message});
    return;
  }
  const auto found = postgres::examine(*server, system::SystemClock());
  if (!found) {
    findings->push_back({"database", Verdict::kFail, found.error().message});
    return;
  }
  findings->push_back(
      {"database", found->weakness.empty() ? Verdict::kOk : Verdict::kFail,
       "PostgreSQL " + found->version + "; " +
           (found->weakness.empty() ? found->settings : found->weakness)});
  findings->push_back(check_database_log(*found));
  findings->push_back(check_database_clock(*found));
  findings->push_back(check_schema(server->schema, *found));
  if (findings->back().verdict == Verdict::kFail || found->schema_version == 0) return;
  findings->push_back(check_members(*found));
  findings->push_back(check_slots(*found));
  findings->push_back(check_tails(*found));
}

void check_broker(const config::Options& options, std::vector<Finding>* findings) {
  system::SystemClock clock;
  system::SystemEntropy entropy;
  system::StderrLogger log(LogLevel::kError, system::LogFormat::kText, clock);
  metrics::Registry metrics(kVersion);
  nats::Options link = nats_options(options);
  link.name = "troupe doctor";
  const auto found = nats::examine(link, {log, metrics, entropy});
  if (!found) {
    findings->push_back({"nats", Verdict::kFail, found.error().message});
    return;
  }
  const std::string place = found->url + ", version " +
                            (found->version.empty() ? "unknown" : found->version);
  const bool is_open = !found->version.empty() && nats::has_known_holes(found->version);
  findings->push_back({"nats", is_open ? Verdict::kWarn : Verdict::kOk,
                       place + (is_open ? ": it has known holes (CVE-2025-30215 among them); for "
                                          "anything but a private network use 2.10.27, 2.11.1 or "
                                          "later"
                                        : "")});
  if (!found->has_jetstream) {
    findings->push_back(
        {"jetstream", Verdict::kWarn, "is off or not allowed: nothing can be enqueued"});
  } else if (!found->stream) {
    findings->push_back({"jetstream", Verdict::kOk, "no stream yet; the first node makes it"});
  } else {
    findings->push_back({"jetstream", Verdict::kOk,
                         std::to_string(found->stream->messages) + " submissions wait, " +
                             std::to_string(found->stream->bytes) + " bytes; " +
                             std::to_string(found->stream->replicas) + " replica(s)"});
  }
}

}  // namespace

void check_shared(const config::Options& options, std::vector<Finding>* findings) {
  if (options.store.kind == "postgres") check_database(options, findings);
  if (!options.nats.url.empty()) check_broker(options, findings);
}

}  // namespace troupe::cli
