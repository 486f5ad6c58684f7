#pragma once

#include <functional>
#include <string>
#include <vector>

#include "adapters/http_client/client.h"
#include "tests/support/json_value.h"
#include "tests/support/server.h"

namespace troupe::testing {

struct Answer {
  int status = 0;
  Json body;         ///< null if the body is empty
  std::string text;  ///< the body as it came
  http_client::Headers headers;
  std::string code() const { return text_at(body, "/code"); }
};

/// What a client of the HTTP API does. For one thread. A lost connection throws; an answer of any
/// status is an answer.
class Api {
 public:
  explicit Api(const Server& server, http_client::Headers headers = {});
  explicit Api(http_client::Options options) : client_(std::move(options)) {}

  Answer call(std::string_view method,
              const std::string& path,
              const std::string& body = {},
              const http_client::Headers& headers = {});
  Answer get(const std::string& path) { return call("GET", path); }
  Answer post(const std::string& path,
              const std::string& body,
              const http_client::Headers& headers = {}) {
    return call("POST", path, body, headers);
  }

  /// Creates and publishes a workflow; its id. Throws when either is refused.
  std::string publish(const std::string& graph, const std::string& name = "flow");
  Answer command(const std::string& workflow,
                 const std::string& body,
                 const http_client::Headers& headers = {});
  /// Starts a run with `params`; its id. Throws when it is refused.
  std::string start(const std::string& workflow, const std::string& params = "{}");
  /// A command about one run.
  Answer control(const std::string& workflow,
                 const std::string& run,
                 const std::string& command,
                 const std::string& more = "");

  Json summary(const std::string& run);
  Json context(const std::string& run);
  /// All events of a run, page by page.
  std::vector<Json> events(const std::string& run);
  /// Follows the numbered events behind `after` until `enough`, or until the stream ends (then
  /// false); if `live`, those without a number as well.
  bool follow(const std::string& run,
              const std::function<bool(const Json&)>& enough,
              long long after = 0, bool live = false);
  /// Waits for the first event of a type, of a step if one is named. Throws if there is none.
  Json wait_for(const std::string& run, const std::string& type, const std::string& step = "");
  /// Waits until the run has ended; its summary.
  Json wait_end(const std::string& run);
  /// start + wait_end.
  Json run(const std::string& workflow, const std::string& params = "{}");

 private:
  http_client::Client client_;
};

/// The ids that are the values of `key` in the items of a list answer.
std::vector<std::string> column(const Answer& list, const std::string& key);

}  // namespace troupe::testing
