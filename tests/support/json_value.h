#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

namespace troupe::testing {

/// Answers are read with a parser that is not the product's own, so that one bug cannot hide
/// another.
using Json = boost::json::value;

Json parse_json(std::string_view text);

/// The value at a JSON pointer; null if it is absent.
const Json& at(const Json& value, std::string_view pointer);
/// The string there, or the JSON of what is there instead.
std::string text_at(const Json& value, std::string_view pointer);
long long int_at(const Json& value, std::string_view pointer);

}  // namespace troupe::testing
