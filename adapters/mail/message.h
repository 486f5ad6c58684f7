#pragma once

#include <string>
#include <string_view>

#include "runtime/base/time.h"
#include "runtime/port/mail.h"

namespace troupe::mail {

/// The domain of an address, which is what an id of a letter ends with.
std::string_view domain_of(std::string_view address);

/// The letter as it goes to the server (RFC 5322, MIME), with lines ended by \r\n. `id` is what is
/// before the @ of its Message-ID. Control characters of the text but line ends become blanks.
std::string render(const Mail& mail, std::string_view from, TimePoint now, std::string_view id);

}  // namespace troupe::mail
