#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/llm/dialect.h"
#include "runtime/llm/message.h"
#include "tests/support/stub_http.h"

namespace troupe::testing {

/// A server that speaks as OpenAI (Chat Completions and Responses), Anthropic and Google do, and
/// says what a test has it say. The vendors' own SDKs judge it (tests/system/models).
class StubModels {
 public:
  /// A question as it came; `body` is in the words of its dialect.
  struct Asked {
    llm::Dialect dialect{};
    bool streams = false;
    std::string key;  ///< that it was asked with
    std::string body;
    std::string model;
    std::string last;  ///< text of its last message
  };
  struct Say {
    std::vector<std::string> pieces;  ///< of the text, each an event of its own
    std::vector<llm::ToolUse> tools;
    Usage usage;
    int status = 200;          ///< another one: `error` is what it says
    std::string error, headers;
    bool breaks_off = false;   ///< after the pieces, without an end
  bool hangs = false;        ///< likewise, until the other side closes
    std::function<void()> between;  ///< called after the first piece has been sent
  };
  using Answer = std::function<Say(const Asked&)>;

  explicit StubModels(Answer answer);

  /// Base address for a provider key of this dialect.
  std::string url(llm::Dialect dialect) const;
  std::vector<Asked> asked() const;
  int open_connections() const { return server_.open_connections(); }

 private:
  void serve(const StubHttp::Request& request, StubHttp::Wire& wire);

  const Answer answer_;
  mutable std::mutex mutex_;
  std::vector<Asked> asked_;
  StubHttp server_;
};

}  // namespace troupe::testing
