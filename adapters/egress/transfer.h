#pragma once

#include <curl/curl.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/egress/address.h"
#include "adapters/egress/hosts.h"
#include "runtime/port/egress.h"

namespace troupe::egress {

struct Options {
  std::vector<Network> allowed;  ///< beside public addresses
  std::string ca_file;           ///< certificates that are trusted beside the system's; or empty
  Duration connect_time = seconds(5);
  std::size_t header_bytes_max = 64 << 10;  ///< of an answer
  std::size_t requests_max = 1024;  ///< at once; more wait in line
  Hosts::Options hosts;
};

/// One request on its way. Used by one thread at a time; whoever has it answers it once.
class Transfer {
 public:
  /// `options` outlive it. kInvalidRequest for an address of another form.
  static Result<std::unique_ptr<Transfer>> make(const Options& options, EgressRequest request);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* handle() const { return handle_; }
  const std::string& scope() const { return request_.scope; }
  /// Scheme, name and port.
  const std::string& origin() const { return origin_; }
  const std::string& host() const { return host_; }
  /// Before it begins: what is left of its time.
  void set_time(Duration left);
  Duration time() const { return request_.time; }
  /// What came of it, as libcurl says and as the callbacks remember.
  Result<EgressResponse> result(CURLcode code);

  Egress::Ticket ticket = 0;
  Callback<EgressResponse> done;
  Duration deadline;  ///< since boot

 private:
  Transfer(const Options& options, EgressRequest request);
  Status read_url();
  void set_up();

  static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
  bool may_reach(const Address& address) const;
  bool succeeds() const;

  const Options& options_;
  const EgressRequest request_;
  CURL* handle_ = nullptr;
  CURLU* url_ = nullptr;
  curl_slist* fields_ = nullptr;
  std::string host_, origin_;
  bool is_plain_ = false;
  EgressResponse response_;
  std::size_t header_bytes_ = 0;
  std::string refused_;  ///< an address that it may not reach
  bool is_too_long_ = false;
  std::size_t body_bytes_ = 0;
  std::optional<Error> piece_refused_;
};

}  // namespace troupe::egress
