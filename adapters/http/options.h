#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/time.h"

namespace troupe::http {

/// What one connection may cost. The defaults are those of the security rules.
struct Limits {
  std::size_t header_bytes_max = 16 << 10;
  std::size_t header_fields_max = 100;
  std::size_t body_bytes_max = 1 << 20;
  std::size_t large_body_bytes_max = 16 << 20;  ///< of runs:batch and of bodies that hold a graph
  int json_depth_max = 64;
  std::size_t batch_items_max = 1000;
  std::size_t page_max = 200;
  std::size_t connections_max = 10'000;
  std::size_t websocket_message_bytes_max = 1 << 20;

  Duration header_time = seconds(10);  ///< from the first byte of a header to its end
  Duration body_grace = seconds(30);   ///< a body may take this long, and longer above the rate
  std::int64_t rate_bytes_per_s_min = 1024;
  Duration idle_time = seconds(75);  ///< between two requests of a connection
  /// how long a refused client's bytes are still swallowed, and a client's farewell waited for
  Duration linger_time = seconds(2);
  Duration keep_alive_time = seconds(15);  ///< between comments of a quiet event stream
  /// how long a request waits for the store to say who asks
  Duration access_time = milliseconds(1500);
  double requests_per_second = 0;   ///< of one address; twice as many at once; 0: not limited
  double sign_ins_per_minute = 10;  ///< failed ones, of one address and of one account
  Duration drain_time = seconds(10);  ///< how long `stop` waits for requests in flight
};

/// Where the server listens and whom it trusts. Owned by the configuration.
struct Options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 7420;  ///< 0: any free one
  bool behind_proxy = false;  ///< then the peer's address says nothing about the client
  int io_threads = 1;
  /// Names beside localhost that a Host header may carry on a loopback address.
  std::vector<std::string> host_names;
  /// Where browsers find this server, as "https://troupe.example.org"; empty: where a request to a
  /// loopback address says.
  std::string public_url;
  std::string mail_pages;  ///< where letters lead to, without a / at the end
  bool sign_up_is_open = false;
  bool needs_verification = false;  ///< a password opens only accounts of verified addresses
  std::string product_code = "troupe";  ///< stamped on new workspaces
  Duration session_life = seconds(12 * 3600);
  std::string version = "0.1.0";  ///< shown by /openapi.json
  Limits limits;
};

}  // namespace troupe::http
