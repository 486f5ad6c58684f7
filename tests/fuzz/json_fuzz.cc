#include <cstddef>
#include <string>

#include "runtime/base/ensure.h"
#include "runtime/json/read.h"
#include "runtime/json/text.h"
#include "runtime/json/tree.h"
#include "runtime/json/write.h"
#include "tests/fuzz/entries.h"

namespace troupe::fuzz {

// Any bytes: parsing never crashes, reads stay inside them, and what is accepted keeps its value
// through every form that it can be written in.
void fuzz_json(std::string_view bytes) {
  json::at_pointer(bytes, "/a/0/b");
  json::as_int(bytes);
  json::as_double(bytes);
  json::truthy(bytes);
  json::decode_string(bytes);
  json::pretty(bytes);
  json::length(bytes);

  const std::string quoted = json::quote(bytes);
  const Result<json::Text> string = json::Text::parse(quoted);
  TROUPE_ENSURE(string.ok());
  if (quoted.find("\xEF\xBF\xBD") == std::string::npos) {
    TROUPE_ENSURE(json::decode_string(string->view()) == bytes);
  }

  const Result<json::Text> text = json::Text::parse(std::string(bytes));
  if (!text.ok()) {
    TROUPE_ENSURE(!text.error().message.empty());
    return;
  }
  const json::Text compact = *json::Text::parse(json::compact(text->view()));
  const json::Text pretty =
      *json::Text::parse(json::pretty(text->view()), {.bytes_max = std::size_t{1} << 30});
  TROUPE_ENSURE(json::equal(compact.view(), pretty.view()));
  TROUPE_ENSURE(json::compact(pretty.view()) == compact.view());
  const json::Tree tree = json::parse_tree(*text);
  for (const auto& [key, value] : tree.members) {
    TROUPE_ENSURE(json::member(text->view(), key) == value.raw);
    const std::string pointer = json::pointer_to("", key);
    TROUPE_ENSURE(json::at_pointer(compact.view(), pointer).has_value());
  }
  TROUPE_ENSURE(tree.elements.size() + tree.members.size() == 0 ||
                tree.elements.size() + tree.members.size() == json::length(text->view()));
}

}  // namespace troupe::fuzz
