#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace troupe::llm {

struct SseEvent {
  std::string type;  ///< empty: the stream did not name one
  std::string data;
};

/// Reads a stream of server-sent events (HTML Living Standard §9.2.6) in pieces of any size. Ids
/// and times to wait are of no use here and are skipped.
class SseReader {
 public:
  using OnEvent = std::function<Status(const SseEvent&)>;

  /// `bytes_max`: of one event.
  SseReader(std::size_t bytes_max, OnEvent on_event)
      : bytes_max_(bytes_max), on_event_(std::move(on_event)) {}

  /// kLimitExceeded for an event that is too long, or what the callback says.
  Status feed(std::string_view bytes);

 private:
  Status take_line(std::string_view line);

  const std::size_t bytes_max_;
  const OnEvent on_event_;
  std::string line_;
  SseEvent event_;
  bool has_data_ = false;
  bool after_return_ = false;  ///< the last byte was \r: a \n belongs to it
  bool begun_ = false;
};

}  // namespace troupe::llm
