#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "adapters/nats/connection.h"

namespace troupe::nats {

/// Bodies of one message up to this size; more is refused.
inline constexpr std::size_t kBodyBytesMax = std::size_t{64} << 20;
/// The header of a message that is a part: "<transfer> <index> <count> <bytes of the whole>".
inline constexpr const char* kPartHeader = "Troupe-Part";

struct Part {
  std::uint64_t transfer = 0;  ///< drawn at random by the sender
  std::uint32_t index = 0;
  std::uint32_t count = 0;
  std::size_t bytes = 0;
};
std::string render(const Part& part);
std::optional<Part> parse_part(std::string_view header);

/// Publishes a body as one message, or as parts where the server does not take it as one. Blocks
/// while the socket takes no more. kUnavailable, kPayloadTooLarge.
Status publish_whole(Connection& connection, const std::string& subject, const std::string& reply,
                     std::string_view body);

/// Puts parts together again. Those of one sender arrive in order or not at all, so a part out of
/// order ends its transfer; so does the time, and a new transfer that would need more memory than
/// all may have does not begin. Whatever is given up is counted: what it belonged to gets no
/// answer, which its sender must expect at any time anyway. Thread-safe.
class Assembly : public std::enable_shared_from_this<Assembly> {
 public:
  struct Limits {
    std::size_t bytes_max = std::size_t{256} << 20;  ///< of all transfers under way
    Duration time_max = seconds(30);                 ///< from the first part to the last
  };
  Assembly(Deadlines& deadlines, Limits limits) : deadlines_(deadlines), limits_(limits) {}

  /// The whole body of a message, if it is complete with this one. Not a part: its own body.
  std::optional<std::string> add(const Message& message);
  std::uint64_t given_up() const;

 private:
  struct Transfer {
    Part last;
    std::string body;
    std::int64_t ends_us = 0;
  };
  bool begin(const Part& part, std::int64_t now_us);
  void give_up(std::uint64_t transfer);
  void drop_old();

  Deadlines& deadlines_;
  const Limits limits_;
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, Transfer> transfers_;
  std::size_t bytes_ = 0;  ///< promised to transfers under way
  std::uint64_t given_up_ = 0;
};

}  // namespace troupe::nats
