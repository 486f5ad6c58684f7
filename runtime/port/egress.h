#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/time.h"
#include "runtime/port/callback.h"

namespace troupe {

/// One request to a server outside.
struct EgressRequest {
  std::string method = "GET";
  std::string url;  ///< https://… or http://…, without user and password
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  Duration time = seconds(10);             ///< from the look-up of the name to the last byte
  std::size_t body_bytes_max = 1 << 20;    ///< of the answer
  /// Whose request it is: what one's failures say of a server holds up nobody else.
  std::string scope;
  /// Where it is given and the status is one of success, each piece of the body as it comes, on a
  /// thread of the client's: it must not block. A failure ends the request with it. The answer's
  /// own body is then empty.
  std::function<Status(std::string_view)> on_piece;
  /// False: it goes by a connection of its own, for one that was open before may have been closed
  /// meanwhile, and then it would be sent twice.
  bool may_repeat = true;
};

struct EgressResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;
  /// The first value of a field, by its name in lower case; empty if absent.
  std::string_view header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return {};
  }
};

/// The one way out of the process for what users and their settings name: it reaches public
/// addresses only, and those that the operator has allowed; only these without TLS. No redirect is
/// followed. Any thread.
class Egress {
 public:
  /// Of one request; never used again. 0: none.
  using Ticket = std::uint64_t;

  virtual ~Egress() = default;
  /// Any status is an answer. kInvalidRequest: an address of another form; kForbidden: it leads
  /// where nothing may go; kUnavailable: nobody is there, or not as whom he should be, or he has
  /// failed so often that he is left alone for a while, so nothing was sent; kOutcomeUnknown:
  /// something was, and the connection broke; kTimeout; kLimitExceeded: the answer is too long. No
  /// message has the address' query in it. `done` may be called inside.
  virtual Ticket send(EgressRequest request, Callback<EgressResponse> done) = 0;
  /// Ends a request and closes its connection; nothing is called for it any more, except calls
  /// under way. Unknown ones are ignored.
  virtual void cancel(Ticket ticket) = 0;
};

}  // namespace troupe
