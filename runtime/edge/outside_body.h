#pragma once

#include "runtime/directory/connections.h"
#include "runtime/directory/models.h"
#include "runtime/edge/body_reader.h"

namespace troupe::edge {

// What callers, and files of the operator, say of models and connections. Everything that is wrong
// is noted with its place. Secret values are not among it: whoever calls takes them out himself.

/// `{name, provider, api?, base_url?, models?, environment?, enabled?}`; what is absent is as it is
/// in `before` (a new one: the default).
directory::ProviderKey read_provider_key(BodyReader& in, directory::ProviderKey before);
/// `{chain: [{model, key?}]}` of a name that the caller has.
std::vector<directory::ModelChoice> read_model_chain(BodyReader& in);
/// `{name, auth, auth_name?, hosts, environment?, enabled?}`, likewise.
directory::Connection read_connection(BodyReader& in, directory::Connection before);

/// A name that graphs use: 1 to 100 of letters, digits, - _ and ., the first a letter or digit.
bool is_resource_name(std::string_view name);
std::string read_resource_name(BodyReader& in, std::string_view key);

}  // namespace troupe::edge
