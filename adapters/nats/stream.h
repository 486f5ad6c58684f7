#pragma once

#include <nats/nats.h>

#include <cstdint>
#include <functional>
#include <string>

#include "adapters/nats/door.h"
#include "runtime/base/result.h"
#include "runtime/base/time.h"

namespace troupe::nats {

/// What the stream of enqueued submissions is made with, where it is not there yet. A stream that
/// is there is used as it is, so an operator may make it otherwise.
struct StreamOptions {
  /// A full stream refuses the publisher instead of dropping what it has acknowledged.
  std::int64_t bytes_max = std::int64_t{512} << 20;
  int replicas = 1;
  /// For repeated publishing under one Nats-Msg-Id. Only an economy: later repeats meet at the run
  /// of that key.
  Duration duplicate_window = seconds(120);
  /// How long the server waits for a word about a delivered message before it delivers it again.
  Duration ack_wait = seconds(30);
  std::int64_t ack_pending_max = 10'000;  ///< of all nodes together
};

/// The stream and the consumer that all nodes share.
struct Stream {
  static constexpr const char* kName = "TROUPE_ENQUEUE";
  static constexpr const char* kSubjects = kEnqueueDoor.subject;
  std::string consumer;  ///< named after the stream's time of creation: "troupe-<nanoseconds>"
};

/// Finds both, or makes them. Blocks for some seconds at most, and for one question, a second, once
/// `is_over` says so: who ends does not wait for a server that is silent. kUnavailable.
Result<Stream> ensure_stream(natsConnection* link, const StreamOptions& options,
                             const std::function<bool()>& is_over);

/// What the server says of a delivered message, in the subject for its acknowledgement.
struct Delivered {
  std::uint64_t times = 0;      ///< counting this one
  std::uint64_t sequence = 0;   ///< in the stream
  std::uint64_t stored_ns = 0;  ///< when it came into the stream
  std::uint64_t stream_made_ns = 0;
};
Result<Delivered> parse_delivered(std::string_view ack_subject);

/// The idempotency key of a message without an id. The stream's time of creation keeps a new stream
/// apart from one that was lost; the time of storing, a stream that lost its end in a power cut
/// and gives the same sequences again.
std::string key_of(const Delivered& delivered);

}  // namespace troupe::nats
