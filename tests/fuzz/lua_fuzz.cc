#include <memory>
#include <string>
#include <string_view>

#include "adapters/lua_sandbox/interpreter.h"
#include "adapters/lua_sandbox/syntax.h"
#include "adapters/lua_sandbox/values.h"
#include "runtime/base/ensure.h"
#include "runtime/json/text.h"
#include "tests/fuzz/entries.h"

namespace troupe::fuzz {
namespace {

using lua_sandbox::Interpreter;

/// Sends a JSON value through a script, which gives it back.
void pass_through(std::string_view value) {
  const std::unique_ptr<Interpreter> interpreter = Interpreter::create(16 << 20);
  TROUPE_ENSURE(interpreter != nullptr);
  const std::string source = "return {input}";
  const std::string globals = R"({"input":)" + std::string(value) + "}";
  lua_sandbox::Run run;
  run.script = 1;
  run.source = &source;
  run.name = "fuzz";
  run.globals = globals;
  run.memory_bytes_max = 16 << 20;
  run.result_bytes_max = 1 << 20;
  run.logs_bytes_max = 1 << 10;
  const Interpreter::Outcome outcome = interpreter->start(run);
  TROUPE_ENSURE(outcome != Interpreter::Outcome::kHostCall);
  if (outcome == Interpreter::Outcome::kFailed) return;
  // What the engine takes for granted of a result.
  TROUPE_ENSURE(json::Text::parse(interpreter->text()).ok());
}

}  // namespace

// What reaches Lua from outside: scripts, whose syntax is checked in the server's own process, and
// values. Scripts are not run here; the hostile tests of the sandbox do that.
void fuzz_lua(std::string_view bytes) {
  const lua_sandbox::Syntax syntax(1 << 20);
  const Status checked = syntax.check(bytes, "fuzz");
  if (!checked.ok()) {
    TROUPE_ENSURE(checked.error().code == Code::kLuaSyntax && !checked.error().message.empty());
  }
  pass_through(bytes);
}

}  // namespace troupe::fuzz
