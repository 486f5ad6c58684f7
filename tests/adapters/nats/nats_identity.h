#pragma once

#include <string>

namespace troupe::testing {

/// Files that a server and a client prove themselves with, made by openssl in a directory of the
/// test's. Throws if openssl is not there or fails.

/// An authority, and certificates of 127.0.0.1 and of a client that it has signed.
struct Certificates {
  explicit Certificates(const std::string& directory, const std::string& address = "127.0.0.1");
  std::string authority;
  std::string server;
  std::string server_key;
  std::string client;
  std::string client_key;
};

/// An Ed25519 key in NATS' own spelling. `kind`: 'U' user, 'A' account, 'O' operator.
struct Nkey {
  Nkey(const std::string& directory, const std::string& name, char kind);
  /// A token of NATS' JWT form with these claims, signed by this key.
  std::string signed_token(const std::string& claims) const;

  std::string public_key;
  std::string seed;
  std::string pem_file;
};

}  // namespace troupe::testing
