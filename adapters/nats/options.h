#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "runtime/base/time.h"

namespace troupe::nats {

/// How the server is told who we are. At most one of: credentials file, nkey, user or token.
struct Login {
  std::string credentials_file;  ///< a user JWT with its seed, as `nsc` writes it
  /// With the seed of a user's nkey, "SU…". It is read at every connect and kept nowhere; whose it
  /// is is found out once, so a file with another user's seed takes another Connection.
  std::string nkey_seed_file;
  std::string user;
  std::string password;
  std::string token;
};

/// Encryption. The server's name is always checked.
struct Tls {
  bool required = false;         ///< also without a file below, with the system's authorities
  std::string authority_file;    ///< PEM
  std::string certificate_file;  ///< PEM, ours, with its chain
  std::string key_file;
};

/// Everything about one connection to NATS that may be set.
struct Options {
  std::vector<std::string> urls = {"nats://127.0.0.1:4222"};
  std::string name = "troupe";  ///< shown by the server beside the connection
  Login login;
  Tls tls;
  Duration connect_timeout = seconds(2);
  /// Between attempts to connect, which never end: doubled from the first to the second, with
  /// jitter.
  Duration retry_first = milliseconds(100);
  Duration retry_max = seconds(5);
  /// A server that takes no bytes for so long is given up, and another one tried.
  Duration write_timeout = seconds(5);
  /// A server that is silent for two of these, likewise.
  Duration ping_interval = seconds(5);
  /// Each message goes out by itself. Otherwise the library waits up to a millisecond for more.
  bool send_at_once = true;
  /// What a subscription may hold that its handler has not seen yet; more is lost, and logged.
  int pending_messages_max = 65'536;
  int pending_bytes_max = 128 << 20;
};

}  // namespace troupe::nats
