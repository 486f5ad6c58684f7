#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "runtime/base/result.h"
#include "runtime/base/time.h"
#include "runtime/port/log.h"
#include "runtime/port/mail.h"
#include "runtime/port/metrics.h"
#include "runtime/port/system.h"

namespace troupe::mail {

struct Options {
  std::string url;   ///< smtps://host[:465], or smtp://host[:587] with STARTTLS
  std::string from;  ///< the sender's address
  std::string username;  ///< empty: the server asks for none
  std::string password;
  std::string ca_file;  ///< certificates that are trusted beside the system's; or empty
  /// A server without TLS will do: for one on this machine.
  bool allow_plain = false;
  Duration time = seconds(30);       ///< for one letter
  Duration retry_first = seconds(5);  ///< until a letter is tried again; then four times as long
  std::size_t tries_max = 5;         ///< with these, some seven minutes
  std::size_t waiting_max = 10'000;
};

/// The ports that the mailer works on. All of them outlive it.
struct Services {
  const Clock& clock;
  Entropy& entropy;
  Logger& log;
  Metrics& metrics;
};

/// Sends by SMTP, in a thread of its own. A server that refuses a letter for good (5xx) is not
/// asked again; after any other failure it is, a few times. Letters that wait when it goes are
/// lost, and so are those beyond `waiting_max`; both are logged and counted
/// (`troupe_mails_total{outcome=sent|failed|dropped}`).
class SmtpMailer final : public Mailer {
 public:
  /// kInvalidRequest: the file of certificates cannot be read, or an address of another form.
  static Result<std::unique_ptr<SmtpMailer>> start(Options options, const Services& services);
  ~SmtpMailer() override;
  SmtpMailer(const SmtpMailer&) = delete;
  SmtpMailer& operator=(const SmtpMailer&) = delete;

  void send(Mail mail) override;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Waiting {
    Mail mail;
    SteadyTime due;
    std::size_t tries = 0;
  };
  class Link;

  SmtpMailer(Options options, const Services& services, std::unique_ptr<Link> link);
  void run();
  void try_one(Waiting one);

  const Options options_;
  const Services services_;
  const std::unique_ptr<Link> link_;  ///< of the thread alone
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  std::atomic<bool> stopping_{false};  ///< set with the lock; what is under way looks at it
  std::thread thread_;
};

}  // namespace troupe::mail
