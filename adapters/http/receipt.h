#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/http/handlers.h"

namespace troupe::http {

/// The request's Idempotency-Key, empty without one; nothing if that has been answered as wrong.
std::optional<std::string> idempotency_key(const CallPtr& call);
/// Of what the request asks for, however it is spaced.
Digest request_digest(const CallPtr& call);

/// What the first request with a key has made.
struct Receipt {
  Uuid made;
  std::int32_t version = 0;  ///< of a workflow, if that is what was made
};

/// A request that makes something once, however often it is sent with its key: its receipt is
/// written in the transaction that makes the thing. For what has no id that follows from the key.
class MadeOnce {
 public:
  /// Nothing if the call has been answered.
  static std::optional<MadeOnce> of(const CallPtr& call);

  /// For `store::Along::once`; empty without a key.
  std::function<store::Document(std::int32_t version)> receipt_for(const Uuid& made) const;
  /// Goes on with `first` if nothing has been made with this key, else with `again`.
  /// kIdempotencyMismatch if it was for another request.
  void look(const CallPtr& call, std::function<void()> first,
            std::function<void(const Receipt&)> again) const;
  /// After an error of making it: a request with the same key may have been quicker.
  void failed(const CallPtr& call, const Error& error, std::function<void(const Error&)> fail,
              std::function<void(const Receipt&)> again) const;

 private:
  store::Document receipt_;  ///< its id unset without a key
  Digest request_{};
};

}  // namespace troupe::http
