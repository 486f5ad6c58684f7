#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "adapters/http/core.h"
#include "adapters/http/loop.h"
#include "adapters/http/wire.h"

namespace troupe::http {

/// A run's events as a text/event-stream: takes over a connection until the run's terminal event,
/// the client's end or the server's. Pulls the next page only after the last one is written, so a
/// slow reader costs one page. Owned by its operations; lives on its loop's thread.
class SseStream final : public Closable, public std::enable_shared_from_this<SseStream> {
 public:
  SseStream(std::shared_ptr<Core> core, std::shared_ptr<Loop> loop, Wire wire, Slot slot,
            std::shared_ptr<Feed> feed);
  /// `first`: events that have been pulled already.
  void start(std::string_view request_id, FeedPage first);
  void close_soon() override { abort(); }
  void abort() override;

  /// Appends one event: `id:` only if it has a number, its JSON as data.
  static void append_frame(std::string& out, const LiveEvent& event);

 private:
  void pull();
  void on_page(Result<FeedPage> page);
  void write();
  void watch_client();
  void tick();

  std::shared_ptr<Core> core_;
  std::shared_ptr<Loop> loop_;
  Wire wire_;
  Slot slot_;
  std::shared_ptr<Feed> feed_;
  Timer timer_;
  std::string out_;      ///< being written
  std::string pending_;  ///< written next
  bool writing_ = false;
  bool pulling_ = false;
  bool ended_ = false;
  bool closed_ = false;
  int quiet_ticks_ = 0;    ///< since something was written
  int stalled_ticks_ = 0;  ///< since the write in flight began
  std::array<char, 512> ignored_{};
};

}  // namespace troupe::http
