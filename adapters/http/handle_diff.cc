// What lies between a published version and another one, or the draft.
#include "adapters/http/handlers.h"
#include "runtime/graph/diff.h"
#include "runtime/json/read.h"
#include "runtime/json/write.h"

namespace troupe::http {
namespace {

/// One side of a comparison. Number 0: the draft.
struct Side {
  std::int32_t number = 0;
  std::string graph;
  std::string run_setup;
};
struct Sides {
  std::optional<Side> from, to;
};

/// A version's number; nothing for what is none.
std::optional<std::int32_t> number_of(std::string_view text) {
  const auto number = json::as_int(text);
  if (!number || *number < 1 || *number > INT32_MAX) return std::nullopt;
  return static_cast<std::int32_t>(*number);
}

Result<std::optional<Side>> side_of(store::Reader& reader, const store::Workflow& draft,
                                    std::int32_t number) {
  if (number == 0) return std::optional(Side{0, draft.graph, draft.run_setup});
  const auto version = reader.version(draft.id, number);
  if (!version) return version.error();
  if (!*version) return std::optional<Side>();
  return std::optional(Side{number, (*version)->graph, (*version)->run_setup});
}

void write_number(json::Writer& out, std::string_view name, std::int32_t number) {
  out.key(name);
  if (number == 0) out.string("draft");
  else out.number(std::int64_t{number});
}

std::string_view or_empty(const std::string& object) {
  return object.empty() ? std::string_view("{}") : std::string_view(object);
}

void answer(const CallPtr& call, const Sides& sides) {
  if (!sides.from || !sides.to) return call->fail(Code::kNotFound, "There is no such version.");
  json::Writer out;
  out.begin_object();
  write_number(out, "from", sides.from->number);
  write_number(out, "to", sides.to->number);
  out.member_raw("graph", graph::to_json(graph::diff(sides.from->graph, sides.to->graph)));
  out.key("run_setup").begin_array();
  for (const std::string& pointer :
       graph::differences(or_empty(sides.from->run_setup), or_empty(sides.to->run_setup))) {
    out.string(pointer);
  }
  call->send_json(out.end_array().end_object().take());
}

}  // namespace

namespace handle {

void diff_version(const CallPtr& call) {
  const auto from = number_of(call->param("version"));
  if (!from) return call->fail(Code::kNotFound, "There is no such version.");
  const auto against = call->query.find("against").value_or("draft");
  const auto to = against == "draft" ? std::optional<std::int32_t>(0) : number_of(against);
  if (!to) {
    return call->fail(bad_parameter("against", "must be the number of a version, or draft."));
  }
  const auto id = id_param<WorkflowId>(call, "id", "workflow");
  if (!id) return;
  read_store<Sides>(
      call,
      [scope = call->scope, id = *id, from = *from, to = *to](
          store::Reader& reader) -> Result<Sides> {
        const auto draft = reader.workflow(scope, id);
        if (!draft) return draft.error();
        if (!*draft) return Error{Code::kNotFound, "There is no such workflow.", {}};
        auto one = side_of(reader, **draft, from);
        if (!one) return one.error();
        auto other = side_of(reader, **draft, to);
        if (!other) return other.error();
        return Sides{*std::move(one), *std::move(other)};
      },
      [call](const Sides& sides) { answer(call, sides); });
}

}  // namespace handle
}  // namespace troupe::http
