#pragma once

#include <string>
#include <string_view>

namespace troupe::config {

// Both rather hide too much than too little: a text that is not well-formed loses whatever could
// be a password.

/// A libpq connection text, words or URI, with *** for each password.
std::string mask_conninfo(std::string_view text);

/// NATS URLs with *** for each password or token.
std::string mask_nats_urls(std::string_view text);

}  // namespace troupe::config
