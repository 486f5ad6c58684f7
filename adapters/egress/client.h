#pragma once

#include <curl/curl.h>

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
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

  void send(EgressRequest request, Callback<EgressResponse> done) override;

 private:
  Client(Options options, CURLM* multi);
  void run();
  void take_new();
  void end_finished();

  const Options options_;
  CURLM* const multi_;
  std::mutex mutex_;
  std::deque<std::unique_ptr<Transfer>> waiting_;
  std::map<CURL*, std::unique_ptr<Transfer>> under_way_;  ///< of the thread alone
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace troupe::egress
