#pragma once

#include <memory>
#include <string_view>

#include "runtime/graph/graph.h"

namespace troupe::fuzz {

/// Takes every script as correct, so that a graph is judged by its own rules alone.
class AnySyntax : public ScriptSyntax {
 public:
  Status check(std::string_view, std::string_view) const override { return ok(); }
};

/// Takes every pattern, which then never matches.
class AnyPatterns : public PatternCompiler {
 public:
  Result<std::shared_ptr<const Pattern>> compile(std::string_view) const override {
    return std::shared_ptr<const Pattern>(std::make_shared<Never>());
  }

 private:
  class Never : public Pattern {
   public:
    bool found_in(std::string_view) const override { return false; }
  };
};

}  // namespace troupe::fuzz
