#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/secret_text.h"
#include "runtime/llm/dialect.h"
#include "runtime/llm/price.h"
#include "runtime/llm/script.h"
#include "adapters/services/errand.h"
#include "runtime/port/system.h"

namespace troupe::services {

/// One model that can be asked, with everything that it takes.
struct ModelRoute {
  std::string provider;  ///< "openai", …: for people and metrics
  std::string model;
  llm::Price price;
  llm::Dialect dialect = llm::Dialect::kOpenAiChat;
  std::string base_url;
  std::shared_ptr<const SecretText> key;  ///< null: it wants none
  /// Answers instead of anybody outside; null: the provider does.
  std::shared_ptr<const llm::ScriptedModel> script;
};

struct ModelAsk {
  std::string scope;               ///< whose requests they are (`EgressRequest::scope`)
  std::vector<ModelRoute> routes;  ///< the first that answers; at least one
  llm::Question question;          ///< whose model each route names
  Duration deadline;               ///< since boot
  /// What the model writes, as it does: by which of the routes, from 1. Any thread.
  std::function<void(int, std::string_view)> on_text;
};

/// What came of it; `usage` has its price, also where the last route failed.
struct ModelAnswer {
  bool ok = false;
  llm::Reply reply;
  std::string provider;
  Error error;
  Duration wait_min;  ///< of a failure that says how long to wait
  Usage usage;
};

/// Asks one question of one model after another until one answers. Of several failures the first
/// that another try may mend is told, else the last. While there is another route, one has half of
/// the time that is left.
class ModelTalk : public std::enable_shared_from_this<ModelTalk> {
 public:
  using Done = std::function<void(ModelAnswer)>;

  /// `errand` and `clock` outlive it. `done` is called once, perhaps inside `start`, unless the
  /// errand is given up before that.
  ModelTalk(Errand& errand, const Clock& clock, ModelAsk ask, Done done);
  void start();

 private:
  void ask_route();
  Status take(std::string_view piece);
  void heard(Result<EgressResponse> response);
  Result<llm::Reply> reply_of(const EgressResponse& response);
  void answered(Result<llm::Reply> reply, Duration wait_min);
  const ModelRoute& route() const { return ask_.routes[at_]; }

  Errand& errand_;
  const Clock& clock_;
  ModelAsk ask_;
  Done done_;
  std::size_t at_ = 0;
  std::unique_ptr<llm::ReplyReader> reader_;
  std::unique_ptr<llm::SseReader> events_;
  std::string body_;  ///< of an answer that is no stream
  bool is_stream_ = false, has_begun_ = false;
  ModelAnswer failure_;
  Usage usage_;
};

}  // namespace troupe::services
