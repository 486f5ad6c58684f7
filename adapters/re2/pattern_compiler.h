#pragma once

#include "runtime/port/system.h"

namespace troupe::re2 {

/// Compiles the ECMA-262 expressions of JSON Schema to RE2, which matches in time linear in the
/// text. Refuses what RE2 cannot do (look-around, back references) with a sentence that says so.
/// Stateless; any thread. The patterns are immutable and may be used from several threads.
class Re2PatternCompiler final : public PatternCompiler {
 public:
  Result<std::shared_ptr<const Pattern>> compile(std::string_view source) const override;
};

}  // namespace troupe::re2
