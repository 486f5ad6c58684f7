#include "actors/cluster/asked_once.h"

#include <utility>

namespace troupe::actors {

Bus::Reply AskedOnce::begin(const Bus::Reply& reply, Duration now) {
  std::string known;
  {
    const std::lock_guard lock(mutex_);
    forget(now);
    RequestPtr& request = requests_[reply.request()];
    if (request == nullptr) {
      request = std::make_shared<Request>();
      request->name = reply.request();
      request->since = now;
      request->waiting.push_back(reply);
      order_.push_back(request);
      return {reply.request(),
              [this, request](const std::string& body) { answered(request, body); }};
    }
    if (!request->answer) {
      request->waiting.push_back(reply);
      return {};
    }
    known = *request->answer;
  }
  reply(known);
  return {};
}

void AskedOnce::answered(const RequestPtr& request, const std::string& body) {
  std::vector<Bus::Reply> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting.swap(request->waiting);
    if (request->is_kept) {
      request->answer = body;
      bytes_ += body.size();
    }
  }
  for (const Bus::Reply& reply : waiting) reply(body);
}

void AskedOnce::forget(Duration now) {
  while (!order_.empty()) {
    Request& oldest = *order_.front();
    const bool is_old = now.us - oldest.since.us > limits_.kept.us;
    const bool is_much = order_.size() >= limits_.requests_max || bytes_ > limits_.bytes_max;
    if (!is_old && !is_much) return;
    oldest.is_kept = false;
    if (oldest.answer) bytes_ -= oldest.answer->size();
    requests_.erase(oldest.name);
    order_.pop_front();
  }
}

}  // namespace troupe::actors
