#include "adapters/nats/message.h"

namespace troupe::nats {

std::string_view Message::reply() const {
  const char* const reply = natsMsg_GetReply(message_.get());
  return reply == nullptr ? std::string_view() : reply;
}

std::string_view Message::body() const {
  return {natsMsg_GetData(message_.get()),
          static_cast<std::size_t>(natsMsg_GetDataLength(message_.get()))};
}

std::optional<std::string_view> Message::header(const char* name) const {
  const char* value = nullptr;
  if (natsMsgHeader_Get(message_.get(), name, &value) != NATS_OK || value == nullptr) {
    return std::nullopt;
  }
  return value;
}

Error error_of(natsStatus status, std::string_view doing) {
  Code code = Code::kUnavailable;
  if (status == NATS_MAX_PAYLOAD) code = Code::kPayloadTooLarge;
  if (status == NATS_TIMEOUT) code = Code::kTimeout;
  if (status == NATS_INVALID_ARG || status == NATS_INVALID_SUBJECT ||
      status == NATS_ADDRESS_MISSING) {
    code = Code::kInvalidRequest;
  }
  // Only the status: the library's longer texts may quote a URL with a password in it.
  return {code, "NATS, " + std::string(doing) + ": " + natsStatus_GetText(status), {}};
}

}  // namespace troupe::nats
