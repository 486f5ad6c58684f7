#include <cstddef>
#include <string>
#include <string_view>

#include "runtime/base/ensure.h"
#include "runtime/graph/template.h"
#include "runtime/json/read.h"
#include "runtime/json/text.h"
#include "tests/fuzz/entries.h"

namespace troupe::fuzz {
namespace {

/// Gives the input to every path, so that all filters meet all kinds of value.
class OneInput : public graph::Environment {
 public:
  explicit OneInput(std::string_view input) : input_(input) {}
  std::optional<std::string_view> find(const graph::Reference& reference,
                                       std::string*) const override {
    std::string_view value = input_;
    for (const std::string& segment : reference.path) {
      const auto child = json::child(value, segment);
      if (!child) return std::nullopt;
      value = *child;
    }
    return value;
  }

 private:
  std::string_view input_;
};

}  // namespace

// Fuzzes templates: the first line is a JSON value with templates, the rest the input they read.
void fuzz_template(std::string_view bytes) {
  const std::size_t newline = bytes.find('\n');
  const auto source = json::Text::parse(std::string(bytes.substr(0, newline)));
  if (!source.ok()) return;
  const std::string_view rest =
      newline == std::string_view::npos ? "{}" : bytes.substr(newline + 1);
  const auto input = json::Text::parse(std::string(rest));
  if (!input.ok()) return;
  const auto compiled = graph::Template::compile(source->view());
  if (!compiled.ok()) {
    TROUPE_ENSURE(compiled.error().issues.size() == 1);
    return;
  }
  const auto expanded = compiled->expand(OneInput(json::trim(input->view())));
  if (!expanded.ok()) return;
  json::Limits wide;
  wide.bytes_max = 64 << 20;
  wide.depth_max = 1024;
  TROUPE_ENSURE(json::Text::parse(*expanded, wide).ok());
  if (compiled->constant()) TROUPE_ENSURE(json::equal(*expanded, source->view()));
}

}  // namespace troupe::fuzz
