#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/json/text.h"
#include "runtime/llm/message.h"

namespace troupe::llm {

/// A model that says what a file tells it to, for demonstrations and tests, not for work: the same
/// answer to the same question.
class ScriptedModel {
 public:
  /// `{"replies": [{"when"?: {"model"?, "contains"?, "after_tool"?}, "text"?, "tool_calls"?:
  /// [{"name", "arguments"}], "usage"?: {"input", "output"}, "error"?: {"code", "message"}}]}`.
  /// The first reply whose `when` fits is given: `model` is the question's, `contains` part of the
  /// last message, `after_tool` is the tool whose result came last. `{{prompt}}` in a text is the
  /// last text of a user. kConfigInvalid says where it is wrong.
  static Result<std::shared_ptr<const ScriptedModel>> read(std::string_view document);

  /// Or the error that the script asks for; kModelRequestRefused: no reply fits.
  Result<Reply> answer(const Question& question) const;

 private:
  struct Line {
    std::string model, contains, after_tool;
    Reply reply;
    std::optional<Error> error;
  };
  static Result<Line> read_line(std::string_view raw, std::size_t number);

  std::vector<Line> lines_;
};

}  // namespace troupe::llm
