#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/port/bus.h"

namespace troupe::actors {

/// What other nodes have asked of late, and what they were told. The bus may double a request, and
/// what it asks for must not be done again: the copy is answered as the first one was, once that is
/// known. What has come long ago, or before very many others, is forgotten; its copy would be done
/// again. Thread-safe; outlives the replies that it gives out.
class AskedOnce {
 public:
  struct Limits {
    Duration kept = seconds(60);  ///< several times what anybody waits for an answer
    std::size_t requests_max = 20'000;
    std::size_t bytes_max = std::size_t{16} << 20;  ///< of answers
  };
  AskedOnce() : AskedOnce(Limits()) {}
  explicit AskedOnce(const Limits& limits) : limits_(limits) {}

  /// The reply to give, once, when the request has been done. None: it is a copy, and is answered
  /// from here. `now`: since boot.
  Bus::Reply begin(const Bus::Reply& reply, Duration now);

 private:
  struct Request {
    std::string name;
    Duration since;
    bool is_kept = true;
    std::vector<Bus::Reply> waiting;  ///< of copies and of itself
    std::optional<std::string> answer;
  };
  using RequestPtr = std::shared_ptr<Request>;

  void answered(const RequestPtr& request, const std::string& body);
  void forget(Duration now);

  const Limits limits_;
  std::mutex mutex_;  // guards what follows; nothing is called out under it
  std::unordered_map<std::string, RequestPtr> requests_;
  std::deque<RequestPtr> order_;  ///< the oldest first
  std::size_t bytes_ = 0;
};

}  // namespace troupe::actors
