#include "adapters/services/model_talk.h"

#include <algorithm>
#include <utility>

#include "runtime/json/read.h"
#include "runtime/outward/answered.h"
#include "runtime/outward/shown_secret.h"

namespace troupe::services {
namespace {

constexpr std::size_t kAnswerBytesMax = std::size_t{16} << 20;
constexpr std::size_t kEventBytesMax = std::size_t{8} << 20;
constexpr Duration kTimeMin = milliseconds(1);

/// What a provider says of its refusal, in whichever of the usual places it does.
std::string words_of(const EgressResponse& response) {
  const auto body = json::Text::parse(response.body);
  if (!body) return response.body.substr(0, 200);
  for (const std::string_view pointer : {"/error/message", "/message", "/error", "/detail"}) {
    const auto words = json::at_pointer(body->view(), pointer);
    if (words && json::kind(*words) == json::Kind::kString) return json::decode_string(*words);
  }
  return {};
}

bool is_out_of_quota(const EgressResponse& response) {
  const auto body = json::Text::parse(response.body);
  if (!body) return false;
  const auto code = json::at_pointer(body->view(), "/error/code").value_or("null");
  return json::decode_string(code) == "insufficient_quota";
}

/// A failure that a status tells of. Providers say in a header of their own where they know better.
AttemptResult refusal_of(const ModelRoute& route, const EgressResponse& response) {
  AttemptResult failed;
  if (auto told = outward::failure_of(route.provider, response)) failed = *std::move(told);
  else failed.error.code = Code::kModelRequestRefused;
  failed.error.message = route.provider + " answered " + std::to_string(response.status) + " to " +
                         route.model;
  const std::string words = words_of(response);
  failed.error.message += words.empty() ? "." : ": " + words;
  const std::string_view again = response.header("x-should-retry");
  const bool is_final = failed.error.code == Code::kModelRequestRefused;
  if (again == "false" || is_out_of_quota(response)) {
    failed.error.code = Code::kModelRequestRefused;
  } else if (is_final && (again == "true" || response.status == 409)) {
    failed.error.code = Code::kUpstreamFailed;
  }
  return failed;
}

}  // namespace

ModelTalk::ModelTalk(Errand& errand, const Clock& clock, ModelAsk ask, Done done)
    : errand_(errand), clock_(clock), ask_(std::move(ask)), done_(std::move(done)) {}

void ModelTalk::start() { ask_route(); }

void ModelTalk::ask_route() {
  ask_.question.model = route().model;
  if (route().script != nullptr) {
    auto reply = route().script->answer(ask_.question);
    if (reply && ask_.on_text) ask_.on_text(static_cast<int>(at_) + 1, reply->text);
    return answered(std::move(reply), {});
  }
  auto request = llm::request_of(route().dialect, route().base_url,
                                 route().key == nullptr ? "" : route().key->reveal(),
                                 ask_.question);
  if (!request) return answered(std::move(request).error(), {});
  reader_ = llm::reader_of(route().dialect);
  body_.clear();
  is_stream_ = has_begun_ = false;
  events_ = std::make_unique<llm::SseReader>(kEventBytesMax, [this](const llm::SseEvent& event) {
    return reader_->on_event(event, [this](std::string_view text) {
      if (ask_.on_text) ask_.on_text(static_cast<int>(at_) + 1, text);
    });
  });
  const Duration left{ask_.deadline.us - clock_.since_boot().us};
  const bool is_last = at_ + 1 == ask_.routes.size();
  request->time = std::max(kTimeMin, is_last ? left : Duration{left.us / 2});
  request->scope = ask_.scope;
  request->body_bytes_max = kAnswerBytesMax;
  request->on_piece = [self = shared_from_this()](std::string_view piece) {
    return self->take(piece);
  };
  errand_.send(*std::move(request), [self = shared_from_this()](Result<EgressResponse> response) {
    self->heard(std::move(response));
  });
}

/// Some servers do not stream though they were asked to: they send one object.
Status ModelTalk::take(std::string_view piece) {
  if (!has_begun_) {
    const std::size_t first = piece.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
    if (first == std::string_view::npos) return ok();
    has_begun_ = true;
    is_stream_ = piece[first] != '{' && piece[first] != '[';
  }
  if (is_stream_) return events_->feed(piece);
  body_.append(piece);
  return ok();
}

void ModelTalk::heard(Result<EgressResponse> response) {
  if (!response) {
    // The model may have answered; to ask it again costs tokens, and changes nothing.
    return answered(std::move(response).error(), {});
  }
  const SecretText* const key = route().key.get();
  if (response->status < 200 || response->status > 299) {
    if (key != nullptr) outward::hide_secret(*key, *response);
    AttemptResult refused = refusal_of(route(), *response);
    return answered(std::move(refused.error), refused.wait_min);
  }
  auto reply = is_stream_ ? reader_->end() : reader_->whole(body_);
  if (!reply && !has_begun_) {
    reply = Error{Code::kOutcomeUnknown, route().provider + " answered nothing.", {}};
  }
  if (reply && key != nullptr) outward::hide_secret(*key, reply->text);
  if (reply && !is_stream_ && ask_.on_text) ask_.on_text(static_cast<int>(at_) + 1, reply->text);
  answered(std::move(reply), {});
}

void ModelTalk::answered(Result<llm::Reply> reply, Duration wait_min) {
  ModelAnswer answer;
  answer.provider = route().provider;
  if (reply) {
    Usage used = reply->usage;
    used.cost_picousd = llm::cost_picousd(used, route().price);
    usage_ += used;
    answer.ok = true;
    answer.reply = *std::move(reply);
  } else {
    answer.error = std::move(reply).error();
    if (answer.error.code == Code::kInvalidJson) {
      answer.error = {Code::kUpstreamFailed, answer.provider + " sent what is no answer.", {}};
    }
    answer.wait_min = wait_min;
    if (at_ == 0 || !info(failure_.error.code).transient) failure_ = answer;
    const bool has_time = clock_.since_boot() < ask_.deadline;
    if (++at_ < ask_.routes.size() && has_time && !errand_.is_given_up()) return ask_route();
    answer = std::move(failure_);
  }
  answer.usage = usage_;
  Done done = std::move(done_);
  if (done) done(std::move(answer));
}

}  // namespace troupe::services
