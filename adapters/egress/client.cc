#include "adapters/egress/client.h"

#include <unistd.h>

#include <chrono>
#include <utility>

namespace troupe::egress {
namespace {

Error ended() { return {Code::kUnavailable, "The server is about to end.", {}}; }

Duration since_boot() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(now).count()};
}

/// Whether an answer says that its server is well. What it says of the request is another matter.
bool is_healthy(const Result<EgressResponse>& response) {
  if (response) return response->status < 500 || response->status == 501;
  const Code code = response.error().code;
  return code != Code::kUnavailable && code != Code::kTimeout && code != Code::kOutcomeUnknown;
}

Error left_alone(const std::string& host, Duration pause) {
  return {Code::kUnavailable,
          host + " has failed again and again and is not asked for another " +
              std::to_string(pause.us / 1000 + 1) + " ms.",
          {}};
}

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
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(options.requests_max));
  std::unique_ptr<Client> client(new Client(std::move(options), multi));
  client->thread_ = std::thread([raw = client.get()] { raw->run(); });
  return client;
}

Client::Client(Options options, CURLM* multi)
    : options_(std::move(options)), multi_(multi), hosts_(options_.hosts) {}

Client::~Client() {
  stopping_ = true;
  curl_multi_wakeup(multi_);
  thread_.join();
  for (auto& [handle, transfer] : under_way_) {
    curl_multi_remove_handle(multi_, handle);
    transfer->done(ended());
  }
  for (auto& [place, line] : lines_) {
    for (auto& transfer : line) transfer->done(ended());
  }
  for (auto& transfer : waiting_) transfer->done(ended());
  under_way_.clear();
  curl_multi_cleanup(multi_);
}

Egress::Ticket Client::send(EgressRequest request, Callback<EgressResponse> done) {
  auto transfer = stopping_ ? Result<std::unique_ptr<Transfer>>(ended())
                            : Transfer::make(options_, std::move(request));
  if (!transfer) {
    done(transfer.error());
    return 0;
  }
  (*transfer)->done = std::move(done);
  (*transfer)->deadline = since_boot() + (*transfer)->time();
  Ticket ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    ticket = (*transfer)->ticket = ++last_;
    waiting_.push_back(*std::move(transfer));
  }
  curl_multi_wakeup(multi_);
  return ticket;
}

void Client::cancel(Ticket ticket) {
  if (ticket == 0) return;
  {
    const std::lock_guard lock(mutex_);
    cancelled_.push_back(ticket);
  }
  curl_multi_wakeup(multi_);
}

void Client::run() {
  constexpr int kPollMs = 1000, kPollWaitingMs = 20;
  while (!stopping_) {
    take_new();
    drop_cancelled();
    begin_ready();
    int running = 0;
    curl_multi_perform(multi_, &running);
    end_finished();
    curl_multi_poll(multi_, nullptr, 0, lines_.empty() ? kPollMs : kPollWaitingMs, nullptr);
  }
}

void Client::take_new() {
  Line taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(waiting_);
  }
  for (auto& transfer : taken) {
    Line& line = lines_[transfer->scope() + ' ' + transfer->origin()];
    line.push_back(std::move(transfer));
  }
}

void Client::begin_ready() {
  // Whoever was not served last is served first.
  auto at = lines_.upper_bound(last_served_);
  for (std::size_t left = lines_.size(); left > 0; --left) {
    if (at == lines_.end()) at = lines_.begin();
    serve_line(at->second);
    last_served_ = at->first;
    at = at->second.empty() ? lines_.erase(at) : std::next(at);
  }
}

void Client::serve_line(Line& line) {
  const Duration now = since_boot();
  Line kept;
  bool is_full = false;
  for (auto& transfer : line) {
    if (transfer->deadline <= now) {
      transfer->done(Error{Code::kTimeout, transfer->host() + " was too busy to be asked.", {}});
      continue;
    }
    is_full = is_full || under_way_.size() >= options_.requests_max;
    const Hosts::Verdict verdict =
        is_full ? Hosts::Verdict{Hosts::Word::kWait, {}}
                : hosts_.begin(transfer->scope(), transfer->origin(), now);
    switch (verdict.word) {
      case Hosts::Word::kBegin: begin(std::move(transfer)); break;
      case Hosts::Word::kWait:
        is_full = true;
        kept.push_back(std::move(transfer));
        break;
      case Hosts::Word::kLeaveAlone:
        transfer->done(left_alone(transfer->host(), verdict.pause));
        break;
    }
  }
  line = std::move(kept);
}

void Client::begin(std::unique_ptr<Transfer> transfer) {
  transfer->set_time({transfer->deadline.us - since_boot().us});
  CURL* const handle = transfer->handle();
  curl_multi_add_handle(multi_, handle);
  by_ticket_.emplace(transfer->ticket, handle);
  under_way_.emplace(handle, std::move(transfer));
}

void Client::drop_cancelled() {
  std::vector<Ticket> tickets;
  {
    const std::lock_guard lock(mutex_);
    tickets.swap(cancelled_);
  }
  for (const Ticket ticket : tickets) {
    const auto found = by_ticket_.find(ticket);
    if (found == by_ticket_.end()) {
      for (auto& [place, line] : lines_) {
        std::erase_if(line, [&](const auto& transfer) { return transfer->ticket == ticket; });
      }
      continue;
    }
    curl_multi_remove_handle(multi_, found->second);
    const auto transfer = std::move(under_way_.extract(found->second).mapped());
    hosts_.dropped(transfer->scope(), transfer->origin());
    by_ticket_.erase(found);
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
    by_ticket_.erase(transfer->ticket);
    auto result = transfer->result(code);
    hosts_.ended(transfer->scope(), transfer->origin(), is_healthy(result), since_boot());
    transfer->done(std::move(result));
  }
}

}  // namespace troupe::egress
