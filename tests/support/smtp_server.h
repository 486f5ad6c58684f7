#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/conformance/temporary_directory.h"
#include "tests/support/process.h"

namespace troupe::testing {

/// A letter as the server has got it.
struct Letter {
  std::string to;
  std::string from;
  bool by_tls = false;
  std::string text;  ///< header and body, with lines ended by \n
};

/// A real SMTP server on a free port of the loopback address, which keeps what comes. Owned by the
/// test's main thread; ends with it. Throws when Python's aiosmtpd is not installed.
class SmtpServer {
 public:
  /// `arguments` as smtp_server.py has them behind the folder.
  explicit SmtpServer(std::vector<std::string> arguments = {"plain"});

  int port() const { return port_; }
  std::string url() const { return "smtp://127.0.0.1:" + std::to_string(port_); }
  /// Everything that has come, in order.
  std::vector<Letter> letters() const;
  /// Waits until that many letters have come to the address; these. Fewer if they do not come.
  std::vector<Letter> wait_for(const std::string& to, std::size_t count = 1) const;

 private:
  TemporaryDirectory directory_;
  std::unique_ptr<Process> process_;
  int port_ = -1;
};

/// What is behind "#" in a letter: the token that its reader is to send.
std::string token_in(const Letter& letter);

}  // namespace troupe::testing
