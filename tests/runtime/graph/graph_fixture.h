#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/graph/graph.h"

namespace troupe::graph {

/// Stands in for the Lua compiler: text that holds "syntax!" does not compile.
class FakeSyntax : public ScriptSyntax {
 public:
  Status check(std::string_view source, std::string_view) const override {
    if (source.find("syntax!") == std::string_view::npos) return ok();
    return Error{Code::kLuaSyntax, "line 1: unexpected symbol", {}};
  }
};

/// Stands in for the regular expressions: a pattern is text to be found.
class LiteralPatterns : public PatternCompiler {
 public:
  Result<std::shared_ptr<const Pattern>> compile(std::string_view source) const override {
    return std::shared_ptr<const Pattern>(std::make_shared<Literal>(std::string(source)));
  }

 private:
  class Literal : public Pattern {
   public:
    explicit Literal(std::string text) : text_(std::move(text)) {}
    bool found_in(std::string_view text) const override {
      return text.find(text_) != std::string_view::npos;
    }

   private:
    std::string text_;
  };
};

/// Parses graphs written in tests.
class GraphFixture {
 public:
  Parsed parse_text(std::string text, const Limits& limits = {}) const {
    return parse(document(std::move(text)), {syntax, patterns}, limits);
  }
  Parsed parse_with_input(std::string text, std::string input) const {
    const json::Text start = document(std::move(input));
    return parse(document(std::move(text)), {syntax, patterns}, {}, &start);
  }

  static json::Text document(std::string text) {
    json::Limits wide;
    wide.bytes_max = 64 << 20;
    auto parsed = json::Text::parse(text, wide);
    EXPECT_TRUE(parsed.ok()) << (parsed.ok() ? "" : parsed.error().message) << "\n" << text;
    return parsed.ok() ? *parsed : json::Text();
  }

  FakeSyntax syntax;
  LiteralPatterns patterns;
};

/// "code step pointer" of each issue, warnings with a leading ~, for comparisons that read well.
inline std::string listing(const Parsed& parsed) {
  std::string out;
  for (const Issue& issue : parsed.issues) {
    if (!out.empty()) out += '\n';
    out += std::string(issue.warning ? "~" : "") + std::string(info(issue.code).name) + " " +
           (issue.step.empty() ? "-" : issue.step) + " " + issue.pointer;
  }
  return out;
}

}  // namespace troupe::graph
