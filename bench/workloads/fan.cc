// W2: one run with a for_each over 1,000 items, 50 at a time, one trivial step each, then a sum;
// for larger counts {"count": N} without a sum.

#include "bench/rig.h"

namespace troupe::bench {

Figures run_fan(Rig& rig, const Settings& settings) {
  const std::uint64_t items = settings.n > 0 ? settings.n : 1000;
  const bool sum = items <= 1000;
  std::string graph =
      R"({"steps":[{"id":"fan","name":"fan","type":"lua_script","script":"return {}"},)"
      R"({"id":"each","name":"each","type":"for_each","depends_on":["fan"],)"
      R"("for_each_max_parallel":50,)"
      R"("for_each_items":{"count":)" + std::to_string(items) + R"(},)"
      R"("for_each_body_steps":[{"id":"one","type":"lua_script","script":"return {v=item*2}"}]})";
  if (sum) {
    graph +=
        R"(,{"id":"sum","name":"sum","type":"lua_script","depends_on":["each"],)"
        R"("script":"local n=0 for _,r in ipairs(steps.each.result.results) do n=n+r.result.v end )"
        R"(return {sum=n}"})";
  }
  graph += R"(],"output":{"ok":true}})";
  const StartRequest request = rig.request(rig.publish(graph));
  Figures figures;
  figures.n = items;
  std::vector<double> wall;
  const int repeats = items <= 1000 ? 15 : 1;
  const double begun = monotonic_s();
  for (int i = 0; i < repeats; ++i) wall.push_back(rig.timed_run(request));
  figures.seconds = monotonic_s() - begun;
  figures.p50_ms = quantile(wall, 0.5);
  figures.p99_ms = quantile(wall, 0.99);
  figures.max_ms = wall.back();
  figures.steps_per_s = static_cast<double>(items) / (figures.p50_ms / 1e3);
  return figures;
}

}  // namespace troupe::bench
