#include "adapters/re2/pattern_compiler.h"

#include <re2/re2.h>

#include "adapters/re2/translate.h"

namespace troupe::re2 {

namespace {

constexpr std::size_t kSourceBytesMax = 16 * 1024;
constexpr std::int64_t kMemoryMax = 1 << 20;  ///< of one program and its lazily built automaton

class Re2Pattern final : public Pattern {
 public:
  explicit Re2Pattern(const std::string& expression, const ::re2::RE2::Options& options)
      : expression_(expression, options) {}
  bool found_in(std::string_view text) const override {
    return ::re2::RE2::PartialMatch(::re2::StringPiece(text.data(), text.size()), expression_);
  }
  const ::re2::RE2& expression() const { return expression_; }

 private:
  ::re2::RE2 expression_;
};

}  // namespace

Result<std::shared_ptr<const Pattern>> Re2PatternCompiler::compile(std::string_view source) const {
  if (source.size() > kSourceBytesMax) {
    return {Code::kSchemaInvalid, "the regular expression is too long"};
  }
  const Result<std::string> translated = translate(source);
  if (!translated.ok()) return translated.error();
  ::re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMemoryMax);
  auto pattern = std::make_shared<const Re2Pattern>(*translated, options);
  if (!pattern->expression().ok()) {
    return {Code::kSchemaInvalid,
            "the regular expression is not valid: " + pattern->expression().error()};
  }
  return std::shared_ptr<const Pattern>(std::move(pattern));
}

}  // namespace troupe::re2
