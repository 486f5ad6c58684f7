#pragma once

#include <string>
#include <vector>

namespace troupe::graph {

/// The graphs of the contract's examples, and one that uses every field of the types that run.
inline std::vector<std::string> sample_graphs() {
  return {
      R"g({"steps":[
        {"id":"fetch-product","type":"lua_script","name":"p",
         "script":"return {price=19.99,name='Widget'}"},
        {"id":"calc","type":"lua_script","name":"c","depends_on":["fetch-product"],
         "script":"local p=steps.fetch_product.result return {total=p.price*2}"}],
        "output":"{{steps.calc.result.total}}"})g",
      R"g({"steps":[{"id":"each","type":"for_each","for_each_items":"{{input.xs}}",
        "for_each_body_steps":[
         {"id":"a","type":"lua_script","script":"return {v=item*2}"},
         {"id":"b","type":"lua_script","script":"return {w=body.a.v+1}"}]}]})g",
      R"g({"steps":[
        {"id":"a","type":"lua_script","script":"return {}"},
        {"id":"boom","type":"lua_script","depends_on":["a"],"script":"error('kaput')"},
        {"id":"slow","type":"lua_script","depends_on":["a"],"script":"while true do end"},
        {"id":"join","type":"lua_script","depends_on":["boom","slow"],"script":"return {}"}]})g",
      R"g({"steps":[
        {"id":"a","type":"lua_script","script":"return {go=false}"},
        {"id":"b","type":"lua_script","depends_on":["a"],"condition":"{{steps.a.result.go}}",
         "script":"return {}"},
        {"id":"c","type":"lua_script","depends_on":["b"],"script":"return {}"}]})g",
      R"g({"steps":[
        {"id":"ok","type":"human_task","task_type":"approval","task_payload":{"text":"Send it?"}},
        {"id":"send","type":"lua_script","depends_on":["ok"],"script":"return {sent=true}"},
        {"id":"cleanup","type":"lua_script","depends_on":["ok"],
         "condition":"{{steps.ok.result.approved}}","script":"return {}"}]})g",
      R"g({"steps":[
        {"id":"a","type":"lua_script","script":"return {}"},
        {"id":"w","type":"wait","depends_on":["a"],"duration_s":"{{steps.a.result.nope}}"}]})g",
      R"g({"params":{"n":3},"output":{"r":"{{steps.w.last.x.v}}","all":["{{steps.each.results}}"]},
        "steps":[
        {"id":"first","name":"First","type":"lua_script","script":"return {v=input.n}",
         "enabled":true,
         "retry_count":2,"timeout_s":10,"on_error":"continue","effect":"none","in_doubt":"retry",
         "no_auto_start":false,"concurrency_key":"{{input.n}}","priority":5,
         "condition":"{{input.n}}"},
        {"id":"each","name":"Each","type":"for_each","depends_on":["first"],
         "for_each_items":["{{steps.first.v}}",2],"for_each_max_parallel":4,"on_item_error":"fail",
         "timeout_s":60,"for_each_body_steps":[
          {"id":"inner","type":"for_each","for_each_items":{"count":2},"for_each_body_steps":[
            {"id":"leaf","type":"lua_script","script":"return {i=index}",
             "condition":"{{item}}{{foreach.index}}{{steps.first.v}}"}]},
          {"id":"pause","type":"wait","duration_s":0.5,"condition":"{{body.inner.count}}"}]},
        {"id":"w","name":"Loop","type":"while","depends_on":["first"],"while_mode":"until",
         "while_max_iterations":3,"while_condition":"{{body.x.v}}","while_body_steps":[
          {"id":"x","type":"lua_script","script":"return {v=loop.iteration}",
           "condition":"{{while.iteration}}"}]},
        {"id":"task","name":"Task","type":"human_task","depends_on":["w","each"],
         "task_type":"approval",
         "task_payload":{"v":"{{steps.w.last.x.v}}"},"form":{"type":"object"},"timeout_s":3600,
         "on_timeout":"approve","retry":{"max_attempts":2,"initial_ms":1,"factor":2,"max_ms":9,
         "jitter":"full","on":["timeout"]}},
        {"id":"until","name":"Until","type":"wait","depends_on":["task"],
         "until":"2030-01-01T00:00:00Z"},
        {"id":"event","name":"Event","type":"wait_event","depends_on":["task"],"event":"paid",
         "key":"{{run.id}}","timeout_s":5},
        {"id":"child","name":"Child","type":"run_workflow","depends_on":["event"],
         "workflow_id":"wf",
         "version":1,"input":{"a":"{{steps.event.x}}"}}]})g",
  };
}

}  // namespace troupe::graph
