#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "runtime/json/read.h"
#include "tests/runtime/graph/graph_fixture.h"
#include "tests/support/run_driver.h"

namespace troupe::run {

using testing::Outcome;
using testing::RunDriver;

/// A graph written in a test; its scripts are stand-ins, chosen by step id.
inline std::shared_ptr<const graph::Graph> compile(std::string text) {
  const graph::GraphFixture fixture;
  const graph::Parsed parsed = fixture.parse_text(std::move(text));
  EXPECT_TRUE(parsed.graph != nullptr) << graph::listing(parsed);
  if (parsed.graph == nullptr) std::abort();
  return parsed.graph;
}

/// By step id: what its script does. Steps that are not listed return {}.
using Scripts = std::map<std::string, testing::Work>;
inline testing::Work by_id(Scripts scripts) {
  return [scripts = std::move(scripts)](const command::StartAttempt& attempt) {
    const auto found = scripts.find(attempt.loop_test ? "test" : attempt.step->id);
    return found == scripts.end() ? Outcome{} : found->second(attempt);
  };
}
inline testing::Work returns(std::string json) {
  return [json = std::move(json)](const command::StartAttempt&) {
    return Outcome{json, {}, {}, false};
  };
}
inline testing::Work fails(Code code, std::string message) {
  return [=](const command::StartAttempt&) {
    return Outcome{{}, Failure{code, message}, {}, false};
  };
}
inline testing::Work hangs() {
  return [](const command::StartAttempt&) { return Outcome{{}, {}, {}, true}; };
}
/// A member of a script's globals, by JSON pointer; "missing" if it is not there.
inline std::string global(const command::StartAttempt& attempt, std::string_view pointer) {
  const auto& script = std::get<work::RunScript>(attempt.work);
  const auto value = json::at_pointer(script.globals, pointer);
  return value ? std::string(*value) : "missing";
}

/// {"id":"a","type":"lua_script",…} with the rest of its fields.
inline std::string lua(std::string id, std::string more = "") {
  return R"({"id":")" + id + R"(","name":"n","type":"lua_script","script":"return {}")" +
         (more.empty() ? "" : "," + more) + "}";
}

}  // namespace troupe::run
