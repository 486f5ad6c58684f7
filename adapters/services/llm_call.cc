#include "adapters/services/llm_call.h"

#include <utility>

#include "runtime/json/read.h"
#include "runtime/json/write.h"
#include "runtime/outward/llm_step.h"

namespace troupe::services {
namespace {

constexpr int kRoundsMax = 2;  ///< the answer, and one that has been mended

std::string text_field(std::string_view fields, std::string_view name) {
  return json::decode_string(json::member(fields, name).value_or("null"));
}

/// What does not fit, for the model and for people.
std::string told(const std::vector<Issue>& issues) {
  std::string text;
  for (const Issue& issue : issues) {
    text += "\n- " + (issue.pointer.empty() ? std::string("the value") : issue.pointer) + ": " +
            issue.message;
  }
  return text;
}

}  // namespace

LlmCall::LlmCall(const Ports& ports, ServiceRequest step, StepService::Done done)
    : ports_(ports),
      step_(std::move(step)),
      done_(std::move(done)),
      errand_(ports.egress),
      deadline_(ports.clock.since_boot() + step_.timeout) {}

void LlmCall::start() {
  auto question = outward::question_of(step_.fields);
  if (!question) return fail(std::move(question).error());
  question_ = *std::move(question);
  if (!question_.response_schema.empty()) {
    auto schema = schema::Schema::compile(json::Text::trusted(question_.response_schema),
                                          ports_.patterns);
    if (!schema) return fail(std::move(schema).error());
    schema_ = *std::move(schema);
  }
  directory::ModelWanted wanted;
  wanted.model = question_.model;
  wanted.ref = text_field(step_.fields, "model_ref");
  wanted.credential = text_field(step_.fields, "llm_credential_id");
  ports_.credentials.models(step_.workspace, wanted,
                            [self = shared_from_this()](Result<std::vector<ModelRoute>> routes) {
                              if (!routes) return self->fail(std::move(routes).error());
                              self->routes_ = *std::move(routes);
                              self->ask(1);
                            });
}

void LlmCall::ask(int round) {
  ModelAsk ask{step_.workspace.to_string(), routes_, question_, deadline_, {}};
  if (step_.on_delta) {
    ask.on_text = [this, round](int route, std::string_view text) {
      if (text.empty()) return;
      json::Writer data;
      data.begin_object().member("attempt", step_.attempt);
      data.member("try", (round - 1) * static_cast<int>(routes_.size()) + route);
      step_.on_delta(data.member("text", text).end_object().take());
    };
  }
  const auto talk = std::make_shared<ModelTalk>(
      errand_, ports_.clock, std::move(ask),
      [self = shared_from_this(), round](ModelAnswer answer) {
        self->heard(std::move(answer), round);
      });
  talk->start();
}

void LlmCall::heard(ModelAnswer answer, int round) {
  usage_ += answer.usage;
  ports_.count(answer.provider, answer.usage);
  if (!answer.ok) return fail(std::move(answer.error), answer.wait_min);
  answer.reply.usage = usage_;
  if (schema_ != nullptr) {
    const json::Text value = outward::json_in(answer.reply.text);
    const std::vector<Issue> issues =
        value.empty() ? std::vector<Issue>{{Code::kResponseInvalid, {}, {}, "it is not JSON"}}
                      : schema_->validate(value.view(), 5);
    const bool has_time = ports_.clock.since_boot() < deadline_;
    if (!issues.empty() && round < kRoundsMax && has_time) return repair(answer, issues);
    if (!issues.empty()) {
      return fail({Code::kResponseInvalid,
                   "The answer of " + answer.reply.model + " does not fit response_schema:" +
                       told(issues),
                   {}});
    }
  }
  AttemptResult result;
  result.ok = true;
  result.value = outward::llm_result_of(answer.reply);
  end(std::move(result));
}

void LlmCall::repair(const ModelAnswer& answer, const std::vector<Issue>& issues) {
  question_.messages.push_back(
      {llm::Role::kAssistant, {answer.reply.text.empty() ? "(nothing)" : answer.reply.text}, {}});
  question_.messages.push_back(
      {llm::Role::kUser,
       {"That does not fit the schema that was asked for:" + told(issues) +
        "\nAnswer again with the whole value, as JSON and nothing else."},
       {}});
  ask(kRoundsMax);
}

void LlmCall::fail(Error error, Duration wait_min) {
  AttemptResult result;
  result.error = std::move(error);
  result.wait_min = wait_min;
  end(std::move(result));
}

void LlmCall::end(AttemptResult result) {
  result.usage = usage_;
  StepService::Done done = std::move(done_);
  if (done) done(std::move(result));
}

}  // namespace troupe::services
