#pragma once

#include <string>
#include <string_view>

namespace troupe::http {

/// The OpenAPI 3.1 document of every route in the table.
std::string openapi_document(std::string_view version);

}  // namespace troupe::http
