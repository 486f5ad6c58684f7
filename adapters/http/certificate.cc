#include "adapters/http/certificate.h"

#include <sys/stat.h>

#include <boost/asio/ssl/context.hpp>
#include <openssl/ssl.h>

namespace troupe::http {
namespace {

namespace ssl = boost::asio::ssl;
constexpr auto kLookAgainAfter = std::chrono::seconds(1);
// Forward secrecy and authenticated encryption alone, for TLS 1.2; those of 1.3 all are.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

Error wrong(const std::string& file, const boost::system::error_code& error) {
  return {Code::kConfigInvalid, "The TLS file " + file + ": " + error.message() + ".", {}};
}

/// The one protocol spoken here; a client that offers others alone is refused.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1";
  unsigned char* found = nullptr;
  const int result = SSL_select_next_proto(&found, size, kOurs, sizeof kOurs - 1, offered,
                                           offered_size);
  *chosen = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void stamp_of(const std::string& file, std::int64_t& ns, std::uint64_t& inode) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) return;
  ns = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
  inode = status.st_ino;
}

}  // namespace

Result<Certificate::Context> Certificate::read(const CertificateFiles& files) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  boost::system::error_code error;
  context->set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 |
                           ssl::context::no_tlsv1_1 | ssl::context::no_compression,
                       error);
  SSL_CTX* raw = context->native_handle();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(raw, kCiphers);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
  context->use_certificate_chain_file(files.chain, error);
  if (error) return wrong(files.chain, error);
  context->use_private_key_file(files.key, ssl::context::pem, error);
  if (error) return wrong(files.key, error);
  if (SSL_CTX_check_private_key(raw) != 1) {
    return Error{Code::kConfigInvalid,
                 "The TLS key " + files.key + " is not that of " + files.chain + ".", {}};
  }
  return context;
}

Certificate::Stamp Certificate::stamp() const {
  Stamp stamp;
  stamp_of(files_.chain, stamp.chain_ns, stamp.chain_inode);
  stamp_of(files_.key, stamp.key_ns, stamp.key_inode);
  return stamp;
}

Result<std::unique_ptr<Certificate>> Certificate::open(CertificateFiles files, Logger& log) {
  if (files.chain.empty() || files.key.empty()) {
    return Error{Code::kConfigInvalid, "TLS needs a certificate and its key.", {}};
  }
  auto made = std::unique_ptr<Certificate>(new Certificate(std::move(files), log));
  made->stamp_ = made->stamp();
  auto context = read(made->files_);
  if (!context) return context.error();
  made->context_ = *std::move(context);
  made->looked_ = std::chrono::steady_clock::now();
  return made;
}

Certificate::Context Certificate::current() {
  const std::scoped_lock lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now - looked_ < kLookAgainAfter) return context_;
  looked_ = now;
  const Stamp seen = stamp();
  if (seen == stamp_) return context_;
  auto context = read(files_);
  if (context) {
    context_ = *std::move(context);
    stamp_ = seen;
    log_.info("the TLS certificate has been read again", {{"file", files_.chain}});
  } else {
    // A half-written pair is whole by the next look; until then this line comes once a second.
    log_.warning("the TLS certificate could not be read again; the one before stays in use",
                 {{"error", context.error().message}});
  }
  return context_;
}

}  // namespace troupe::http
