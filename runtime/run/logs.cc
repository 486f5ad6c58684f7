#include "runtime/json/read.h"
#include "runtime/json/write.h"
#include "runtime/run/view.h"

namespace troupe::run {
namespace {

struct Printed {
  const Attempt* attempt = nullptr;
  const Logs* logs = nullptr;
};

/// The records that end an attempt, or leave it in doubt, carry what it printed.
Printed printed(const Record& record) {
  if (const auto* r = std::get_if<record::StepFinished>(&record)) return {&r->attempt, &r->logs};
  if (const auto* r = std::get_if<record::StepWaiting>(&record)) return {&r->attempt, &r->logs};
  if (const auto* r = std::get_if<record::AttemptFailed>(&record)) return {&r->attempt, &r->logs};
  return {};
}

Status stored_lines(const PayloadRef& ref,
                    const PayloadSource& payloads,
                    std::vector<LogEntry>& lines) {
  const Result<json::Text> body = payloads(ref);
  if (!body.ok()) return body.error();
  json::for_each_element(body->view(), [&](std::string_view line) {
    const auto at = json::element(line, 0);
    const auto message = json::element(line, 1);
    if (at && message) {
      lines.push_back({{json::as_int(*at).value_or(0)}, json::decode_string(*message)});
    }
    return true;
  });
  return ok();
}

}  // namespace

Status log_lines(const graph::Graph& graph,
                 const Record& record,
                 const PayloadSource& payloads,
                 std::uint64_t before,
                 std::vector<std::pair<std::uint64_t, std::string>>& out) {
  const Printed found = printed(record);
  if (found.logs == nullptr || found.logs->first == 0) return ok();
  const Logs& logs = *found.logs;
  std::vector<LogEntry> stored;
  if (logs.ref.set()) {
    if (Status status = stored_lines(logs.ref, payloads, stored); !status.ok()) return status;
  }
  const std::vector<LogEntry>& lines = logs.ref.set() ? stored : logs.lines;
  const std::string step_id = event_step_id(graph, found.attempt->path);
  const auto add = [&](std::uint64_t n, TimePoint at, std::string_view level,
                       std::string_view message) {
    json::Writer json;
    json.begin_object();
    json.member("n", n).member("step_id", step_id).member("attempt", found.attempt->number);
    json.member("at", to_rfc3339(at)).member("level", level).member("message", message);
    json.end_object();
    out.emplace_back(n, json.take());
  };
  const std::uint64_t first = before + logs.first;
  std::uint64_t n = first;
  for (const LogEntry& line : lines) add(n++, line.at, "info", line.message);
  // The marker of the cut is no line of the script: it shares the number of the last one.
  if (logs.truncated) {
    add(n == first ? n : n - 1, found.attempt->finished, "warning",
        "Further output of this attempt was cut off.");
  }
  return ok();
}

}  // namespace troupe::run
