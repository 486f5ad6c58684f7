#include "runtime/edge/problem.h"

#include "runtime/json/write.h"

namespace troupe::edge {
namespace {

void write_errors(json::Writer& out, const Error& error, std::string_view prefix) {
  out.key("errors").begin_array();
  for (const Issue& issue : error.issues) {
    if (issue.warning) continue;
    out.begin_object()
        .member("pointer", std::string(prefix) + issue.pointer)
        .member("code", info(issue.code).name)
        .member("message", issue.message)
        .end_object();
  }
  out.end_array();
}

}  // namespace

std::string issues_json(const std::vector<Issue>& issues) {
  json::Writer out;
  out.begin_array();
  for (const Issue& issue : issues) {
    out.begin_object().member("code", info(issue.code).name);
    if (!issue.step.empty()) out.member("step", issue.step);
    out.member("pointer", issue.pointer)
        .member("severity", issue.warning ? "warning" : "error")
        .member("message", issue.message)
        .end_object();
  }
  out.end_array();
  return out.take();
}

std::string_view told(const Error& error) {
  const CodeInfo& about = info(error.code);
  if (!error.told.empty()) return error.told;
  return error.message.empty() || about.http_status == 500 ? about.title : error.message;
}

std::string problem_json(const Error& error, const ProblemExtras& extras) {
  const CodeInfo& about = info(error.code);
  const std::string_view detail = told(error);
  json::Writer out;
  out.begin_object()
      .member("type", "urn:troupe:error:" + std::string(about.name))
      .member("title", about.title)
      .member("status", about.http_status)
      .member("detail", detail)
      .member("code", about.name)
      .member("error", detail);
  if (!error.issues.empty()) {
    write_errors(out, error, extras.pointer_prefix);
    if (extras.with_issues) out.member_raw("issues", issues_json(error.issues));
  }
  if (!extras.decision.empty()) out.member_raw("decision", extras.decision);
  out.end_object();
  return out.take();
}

}  // namespace troupe::edge
