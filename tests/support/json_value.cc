#include "tests/support/json_value.h"

#include <boost/json/src.hpp>
#include <stdexcept>

namespace troupe::testing {

Json parse_json(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = 256;
  boost::json::error_code error;
  Json value = boost::json::parse({text.data(), text.size()}, error, {}, options);
  if (error) throw std::runtime_error("no JSON: " + std::string(text.substr(0, 2000)));
  return value;
}

const Json& at(const Json& value, std::string_view pointer) {
  static const Json absent;
  const Json* here = &value;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    const std::string_view token = pointer.substr(0, end);
    pointer.remove_prefix(end);
    if (here->is_object()) {
      here = here->get_object().if_contains({token.data(), token.size()});
    } else if (here->is_array()) {
      const std::size_t index = std::stoul(std::string(token));
      here = index < here->get_array().size() ? &here->get_array()[index] : nullptr;
    } else {
      here = nullptr;
    }
    if (here == nullptr) return absent;
  }
  return *here;
}

std::string text_at(const Json& value, std::string_view pointer) {
  const Json& found = at(value, pointer);
  if (found.is_string()) return std::string(found.get_string().c_str(), found.get_string().size());
  return boost::json::serialize(found);
}

long long int_at(const Json& value, std::string_view pointer) {
  return at(value, pointer).to_number<long long>();
}

}  // namespace troupe::testing
