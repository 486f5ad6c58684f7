#pragma once

#include <curl/curl.h>

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "adapters/egress/transfer.h"
#include "runtime/port/egress.h"

namespace troupe::egress {

/// HTTP by libcurl, all transfers in one thread. An address is looked at when a connection to it is
/// opened, whatever the name said before. Proxies that the environment names are not asked. Owned
/// by main; what is under way when it goes is answered with kUnavailable.
class Client final : public Egress {
 public:
  /// kInvalidRequest: the file of certificates cannot be read. kInternal.
  static Result<std::unique_ptr<Client>> start(Options options);
  ~Client() override;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Ticket send(EgressRequest request, Callback<EgressResponse> done) override;
  void cancel(Ticket ticket) override;

 private:
  Client(Options options, CURLM* multi);
  using Line = std::deque<std::unique_ptr<Transfer>>;

  void run();
  void take_new();
  void drop_cancelled();
  /// Begins what may begin now, and ends what has waited too long or need not be asked.
  void begin_ready();
  void serve_line(Line& line);
  void begin(std::unique_ptr<Transfer> transfer);
  void end_finished();

  const Options options_;
  CURLM* const multi_;
  std::mutex mutex_;
  std::deque<std::unique_ptr<Transfer>> waiting_;
  std::vector<Ticket> cancelled_;
  Ticket last_ = 0;
  // Of the thread alone.
  Hosts hosts_;
  std::map<std::string, Line> lines_;  ///< what waits for its turn, by scope and origin
  std::string last_served_;
  std::map<CURL*, std::unique_ptr<Transfer>> under_way_;
  std::unordered_map<Ticket, CURL*> by_ticket_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace troupe::egress
