#include "adapters/mail/smtp_mailer.h"

#include <curl/curl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "adapters/mail/message.h"
#include "runtime/base/ensure.h"
#include "runtime/base/uuid.h"

namespace troupe::mail {
namespace {

using std::chrono::steady_clock;

bool library_is_ready() {
  static const bool ready = curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK;
  return ready;
}

template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
  // Fails only for options that this build of the library does not know.
  TROUPE_ENSURE(curl_easy_setopt(handle, option, value) == CURLE_OK);
}

struct Upload {
  std::string_view rest;
  static std::size_t read(char* buffer, std::size_t size, std::size_t count, void* self) {
    std::string_view& rest = static_cast<Upload*>(self)->rest;
    const std::size_t taken = std::min(size * count, rest.size());
    std::memcpy(buffer, rest.data(), taken);
    rest.remove_prefix(taken);
    return taken;
  }
};

}  // namespace

/// The server, as libcurl reaches it: one connection that is kept as long as it lasts.
class SmtpMailer::Link {
 public:
  enum class Outcome { kSent, kLater, kRefused };
  struct Tried {
    Outcome outcome;
    std::string why;
  };

  explicit Link(CURL* handle) : handle_(handle) {}
  ~Link() { curl_easy_cleanup(handle_); }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Gives up once `stopping` is set, within a second or so.
  Tried deliver(const Options& options, const std::string& to, std::string_view letter,
                std::atomic<bool>& stopping) {
    curl_easy_reset(handle_);
    set_up(options);
    set(handle_, CURLOPT_NOPROGRESS, 0L);
    set(handle_, CURLOPT_XFERINFOFUNCTION, &Link::is_over);
    set(handle_, CURLOPT_XFERINFODATA, &stopping);
    Upload upload{letter};
    curl_slist* recipients = curl_slist_append(nullptr, to.c_str());
    set(handle_, CURLOPT_MAIL_FROM, options.from.c_str());
    set(handle_, CURLOPT_MAIL_RCPT, recipients);
    set(handle_, CURLOPT_UPLOAD, 1L);
    set(handle_, CURLOPT_READFUNCTION, &Upload::read);
    set(handle_, CURLOPT_READDATA, &upload);
    const CURLcode code = curl_easy_perform(handle_);
    curl_slist_free_all(recipients);
    if (code == CURLE_OK) return {Outcome::kSent, {}};
    long answer = 0;
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &answer);
    const bool is_final = answer >= 500 && code != CURLE_LOGIN_DENIED;
    return {is_final ? Outcome::kRefused : Outcome::kLater,
            std::string(curl_easy_strerror(code)) +
                (answer != 0 ? " (answer " + std::to_string(answer) + ")" : "")};
  }

 private:
  static int is_over(void* stopping, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return *static_cast<std::atomic<bool>*>(stopping) ? 1 : 0;
  }
  void set_up(const Options& options) {
    set(handle_, CURLOPT_URL, options.url.c_str());
    set(handle_, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    set(handle_, CURLOPT_PROXY, "");
    set(handle_, CURLOPT_NOSIGNAL, 1L);
    set(handle_, CURLOPT_QUICK_EXIT, 1L);
    set(handle_, CURLOPT_TIMEOUT_MS, static_cast<long>(options.time.us / 1000));
    set(handle_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(handle_, CURLOPT_USE_SSL,
        static_cast<long>(options.allow_plain ? CURLUSESSL_TRY : CURLUSESSL_ALL));
    if (!options.ca_file.empty()) set(handle_, CURLOPT_CAINFO, options.ca_file.c_str());
    if (options.username.empty()) return;
    set(handle_, CURLOPT_USERNAME, options.username.c_str());
    set(handle_, CURLOPT_PASSWORD, options.password.c_str());
  }

  CURL* const handle_;
};

Result<std::unique_ptr<SmtpMailer>> SmtpMailer::start(Options options, const Services& services) {
  if (!options.url.starts_with("smtp://") && !options.url.starts_with("smtps://")) {
    return Error{Code::kInvalidRequest, "must begin with smtps:// or smtp://.", {}};
  }
  if (!options.ca_file.empty() && ::access(options.ca_file.c_str(), R_OK) != 0) {
    return Error{Code::kInvalidRequest, options.ca_file + " cannot be read.", {}};
  }
  CURL* handle = library_is_ready() ? curl_easy_init() : nullptr;
  if (handle == nullptr) return Error{Code::kInternal, "libcurl does not begin.", {}};
  std::unique_ptr<SmtpMailer> mailer(
      new SmtpMailer(std::move(options), services, std::make_unique<Link>(handle)));
  mailer->thread_ = std::thread([raw = mailer.get()] { raw->run(); });
  return mailer;
}

SmtpMailer::SmtpMailer(Options options, const Services& services, std::unique_ptr<Link> link)
    : options_(std::move(options)), services_(services), link_(std::move(link)) {}

SmtpMailer::~SmtpMailer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
  if (waiting_.empty()) return;
  services_.metrics.counter("mails_total", "dropped").add(waiting_.size());
  services_.log.warning("letters are lost: the node has ended", {{"count", waiting_.size()}});
}

void SmtpMailer::send(Mail mail) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < options_.waiting_max) {
      waiting_.push_back({std::move(mail), steady_clock::now(), 0});
      return changed_.notify_one();
    }
  }
  services_.metrics.counter("mails_total", "dropped").add();
  services_.log.error("a letter is lost: too many wait", {{"to", mail.to}});
}

void SmtpMailer::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto next = std::min_element(
        waiting_.begin(), waiting_.end(),
        [](const Waiting& one, const Waiting& other) { return one.due < other.due; });
    if (next == waiting_.end()) {
      changed_.wait(lock);
      continue;
    }
    if (next->due > steady_clock::now()) {
      changed_.wait_until(lock, next->due);
      continue;
    }
    Waiting one = std::move(*next);
    waiting_.erase(next);
    lock.unlock();
    try_one(std::move(one));
    lock.lock();
  }
}

/// Without the lock.
void SmtpMailer::try_one(Waiting one) {
  const std::string id =
      Uuid::v7(services_.clock.now(), services_.entropy.next(), services_.entropy.next())
          .to_string();
  const std::string letter = render(one.mail, options_.from, services_.clock.now(), id);
  const Link::Tried tried = link_->deliver(options_, one.mail.to, letter, stopping_);
  if (stopping_ && tried.outcome != Link::Outcome::kSent) {
    const std::lock_guard lock(mutex_);
    return waiting_.push_back(std::move(one));
  }
  if (tried.outcome == Link::Outcome::kSent) {
    return services_.metrics.counter("mails_total", "sent").add();
  }
  const bool is_last =
      tried.outcome == Link::Outcome::kRefused || ++one.tries >= options_.tries_max;
  if (is_last) services_.metrics.counter("mails_total", "failed").add();
  services_.log.warning(is_last ? "a letter could not be sent" : "a letter will be tried again",
                        {{"to", one.mail.to}, {"error", tried.why}});
  if (is_last) return;
  Duration pause = options_.retry_first;
  for (std::size_t i = 1; i < one.tries; ++i) pause.us *= 4;
  one.due = steady_clock::now() + std::chrono::microseconds(pause.us);
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(one));
}

}  // namespace troupe::mail
