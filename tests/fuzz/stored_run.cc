#include "tests/fuzz/stored_run.h"

#include "runtime/base/ensure.h"
#include "runtime/journal/frame.h"
#include "runtime/json/text.h"
#include "runtime/run/decide.h"
#include "tests/fuzz/lenient_tools.h"

namespace troupe::fuzz {
namespace {

constexpr char kGraph[] = R"({"steps":[
  {"id":"first","type":"lua_script","script":"return {}","effect":"once"},
  {"id":"pure","type":"for_each","depends_on":["first"],"for_each_items":{"count":3},
   "for_each_body_steps":[{"id":"x","type":"lua_script","script":"return {}"}]},
  {"id":"each","type":"for_each","depends_on":["first"],"for_each_items":[1,2,3],"timeout_s":60,
   "for_each_body_steps":[
    {"id":"inner","type":"for_each","for_each_items":{"count":2},
     "for_each_body_steps":[{"id":"leaf","type":"wait_event","event":"paid"}]},
    {"id":"pause","type":"wait","duration_s":1}]},
  {"id":"again","type":"while","while_mode":"until","while_max_iterations":3,
   "while_condition":"{{body.b.v}}","while_body_steps":[
    {"id":"b","type":"lua_script","script":"return {v=true}"},
    {"id":"c","type":"human_task","task_type":"approval"}]},
  {"id":"task","type":"human_task","depends_on":["again"],"task_type":"approval"},
  {"id":"event","type":"wait_event","depends_on":["task"],"event":"paid","key":"k"},
  {"id":"child","type":"run_workflow","depends_on":["event"],"workflow_id":"other"}]})";

std::shared_ptr<const graph::Graph> parse_graph() {
  const auto document = json::Text::parse(kGraph);
  TROUPE_ENSURE(document.ok());
  const graph::Parsed parsed = graph::parse(*document, {AnySyntax(), AnyPatterns()});
  TROUPE_ENSURE(parsed.graph != nullptr);
  return parsed.graph;
}

}  // namespace

std::shared_ptr<const graph::Graph> stored_graph() {
  static const std::shared_ptr<const graph::Graph> graph = parse_graph();
  return graph;
}

run::State stored_run() {
  return run::new_state(RunId(*Uuid::parse("01890a5d-ac96-774b-bcce-b302099a8057")),
                        stored_graph());
}

std::string with_checksum(std::string_view bytes) {
  std::string out(bytes);
  const std::uint32_t checksum = journal::crc32c(bytes);
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(checksum >> shift));
  return out;
}

void ensure_stored_alike(const run::State& state) {
  const std::string bytes = run::encode_snapshot(state);
  Result<run::State> back = run::decode_snapshot(bytes);
  TROUPE_ENSURE(back.ok());
  run::attach(*back, state.graph);
  TROUPE_ENSURE(run::encode_snapshot(*back) == bytes);
}

}  // namespace troupe::fuzz
