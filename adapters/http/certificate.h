#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "runtime/base/result.h"
#include "runtime/port/log.h"

namespace boost::asio::ssl {
class context;
}

namespace troupe::http {

/// Where the server's certificate lies: PEM files, the chain with the leaf first.
struct CertificateFiles {
  std::string chain;
  std::string key;
  bool empty() const { return chain.empty() && key.empty(); }
};

/// What new connections are served with: the certificate as its files were when one of them last
/// changed. They are looked at once a second at most, as connections come; files that make no
/// certificate leave the one before in use, with a line in the log. Thread-safe.
class Certificate {
 public:
  using Context = std::shared_ptr<boost::asio::ssl::context>;

  /// kConfigInvalid with what is wrong with which file. The log outlives it.
  static Result<std::unique_ptr<Certificate>> open(CertificateFiles files, Logger& log);
  Context current();

 private:
  /// Tells one content of the files from another without reading them.
  struct Stamp {
    std::int64_t chain_ns = 0, key_ns = 0;
    std::uint64_t chain_inode = 0, key_inode = 0;
    bool operator==(const Stamp&) const = default;
  };
  Certificate(CertificateFiles files, Logger& log) : files_(std::move(files)), log_(log) {}
  Stamp stamp() const;
  static Result<Context> read(const CertificateFiles& files);

  const CertificateFiles files_;
  Logger& log_;
  std::mutex mutex_;
  Context context_;
  Stamp stamp_;
  std::chrono::steady_clock::time_point looked_{};
};

}  // namespace troupe::http
