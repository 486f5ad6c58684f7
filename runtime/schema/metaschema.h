#pragma once

#include <optional>
#include <string_view>

namespace troupe::schema {

constexpr std::string_view kDialect = "https://json-schema.org/draft/2020-12/schema";
constexpr std::string_view kVocabularyPrefix = "https://json-schema.org/draft/2020-12/vocab/";

/// JSON of the 2020-12 meta-schema or one of its vocabularies, so that a schema can refer to them
/// without anything being fetched.
std::optional<std::string_view> find_metaschema(std::string_view uri);

}  // namespace troupe::schema
