#pragma once

#include <string_view>
#include <utility>

namespace troupe::http {

/// JSON Schemas of bodies by name, as the route table refers to them.
inline constexpr std::pair<std::string_view, std::string_view> kSchemas[] = {
#include "adapters/http/openapi_server_schemas.inc"
#include "adapters/http/openapi_access_schemas.inc"
#include "adapters/http/openapi_analytics_schemas.inc"
#include "adapters/http/openapi_job_schemas.inc"
#include "adapters/http/openapi_workflow_schemas.inc"
#include "adapters/http/openapi_run_schemas.inc"
};

}  // namespace troupe::http
