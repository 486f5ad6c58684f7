#pragma once

#include <nats/nats.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/result.h"

namespace troupe::nats {

/// A message that came in. Views live as long as it does. Belongs to one thread at a time.
class Message {
 public:
  explicit Message(natsMsg* message) : message_(message) {}

  std::string_view subject() const { return natsMsg_GetSubject(message_.get()); }
  /// Empty if nobody waits for an answer.
  std::string_view reply() const;
  std::string_view body() const;
  /// The first value of a header; its name counts letter by letter.
  std::optional<std::string_view> header(const char* name) const;
  /// The server's own answer to a request that nobody listens to.
  bool no_responders() const { return natsMsg_IsNoResponders(message_.get()); }
  natsMsg* raw() const { return message_.get(); }

 private:
  struct Destroy {
    void operator()(natsMsg* message) const { natsMsg_Destroy(message); }
  };
  std::unique_ptr<natsMsg, Destroy> message_;
};

/// A message that goes out. Names and values of headers must be printable and hold no line ends.
struct Outgoing {
  std::string subject;
  std::string reply;
  std::string_view body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// What a status of the library means to a caller. `doing` names the attempt, as in "publish".
Error error_of(natsStatus status, std::string_view doing);

}  // namespace troupe::nats
