#include "adapters/egress/client.h"

#include <unistd.h>

#include <utility>

namespace troupe::egress {
namespace {

Error ended() { return {Code::kUnavailable, "The server is about to end.", {}}; }

/// Once a process, before its threads use the library.
bool library_is_ready() {
  static const bool ready = curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK;
  return ready;
}

}  // namespace

Result<std::unique_ptr<Client>> Client::start(Options options) {
  if (!options.ca_file.empty() && ::access(options.ca_file.c_str(), R_OK) != 0) {
    return Error{Code::kInvalidRequest, options.ca_file + " cannot be read", {}};
  }
  CURLM* multi = library_is_ready() ? curl_multi_init() : nullptr;
  if (multi == nullptr) return Error{Code::kInternal, "libcurl does not begin", {}};
  curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, options.connections_max);
  std::unique_ptr<Client> client(new Client(std::move(options), multi));
  client->thread_ = std::thread([raw = client.get()] { raw->run(); });
  return client;
}

Client::Client(Options options, CURLM* multi) : options_(std::move(options)), multi_(multi) {}

Client::~Client() {
  stopping_ = true;
  curl_multi_wakeup(multi_);
  thread_.join();
  for (auto& [handle, transfer] : under_way_) {
    curl_multi_remove_handle(multi_, handle);
    transfer->done(ended());
  }
  for (auto& transfer : waiting_) transfer->done(ended());
  under_way_.clear();
  curl_multi_cleanup(multi_);
}

void Client::send(EgressRequest request, Callback<EgressResponse> done) {
  auto transfer = Transfer::make(options_, std::move(request));
  if (!transfer) return done(transfer.error());
  (*transfer)->done = std::move(done);
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(*std::move(transfer));
  }
  curl_multi_wakeup(multi_);
}

void Client::run() {
  constexpr int kPollMs = 1000;
  while (!stopping_) {
    take_new();
    int running = 0;
    curl_multi_perform(multi_, &running);
    end_finished();
    curl_multi_poll(multi_, nullptr, 0, kPollMs, nullptr);
  }
}

void Client::take_new() {
  std::deque<std::unique_ptr<Transfer>> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(waiting_);
  }
  for (auto& transfer : taken) {
    CURL* handle = transfer->handle();
    curl_multi_add_handle(multi_, handle);
    under_way_.emplace(handle, std::move(transfer));
  }
}

void Client::end_finished() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* handle = message->easy_handle;
    const CURLcode code = message->data.result;
    auto transfer = std::move(under_way_.extract(handle).mapped());
    curl_multi_remove_handle(multi_, handle);
    transfer->done(transfer->result(code));
  }
}

}  // namespace troupe::egress
