#pragma once

#include <cstddef>

#include "runtime/port/script.h"

namespace troupe::lua_sandbox {

/// Compiles scripts in this process and never runs them: the parser of Lua takes text only, and its
/// memory is capped. Every check has a state of its own, so any thread may call.
class Syntax final : public ScriptSyntax {
 public:
  explicit Syntax(std::size_t memory_bytes_max = std::size_t{16} << 20)
      : memory_bytes_max_(memory_bytes_max) {}
  Status check(std::string_view source, std::string_view name) const override;

 private:
  const std::size_t memory_bytes_max_;
};

}  // namespace troupe::lua_sandbox
