#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "runtime/base/usage.h"

namespace troupe::llm {

// One exchange with a model, in the words of none of its providers.

struct Image {
  std::string url;         ///< or empty
  std::string media_type;  ///< "image/png", of `base64`
  std::string base64;
};
/// A tool that a model asks for.
struct ToolUse {
  std::string id;
  std::string name;
  std::string arguments;  ///< as the model wrote it: JSON, if it did what it was told
};
/// What came of one.
struct ToolResult {
  std::string id;  ///< of the use
  std::string name;
  std::string content;
  bool is_error = false;
};
using Part = std::variant<std::string, Image, ToolUse, ToolResult>;

enum class Role : std::uint8_t { kUser, kAssistant };

struct Message {
  Role role = Role::kUser;
  std::vector<Part> parts;
  /// Of an assistant's message: what its provider wants back unchanged (signed thoughts, reasoning
  /// items), as the reader of that provider wrote it; empty: nothing. Nobody else reads it.
  std::string echo;
};

struct Tool {
  std::string name;
  std::string description;
  std::string parameters;  ///< JSON Schema
};

struct Question {
  std::string model;
  std::string system;  ///< or empty
  std::vector<Message> messages;
  std::vector<Tool> tools;
  std::string response_schema;  ///< JSON Schema of the answer; empty: text
  std::string params;  ///< JSON object in the provider's own words (temperature, …), or empty
  bool streams = true;
};

/// Why an answer ends. kOther: for a reason of the provider's own.
enum class Finish : std::uint8_t { kStop, kLength, kToolUse, kFiltered, kRefused, kPaused, kOther };

struct Reply {
  std::string model;  ///< as the provider names what answered
  std::string text;
  std::vector<ToolUse> tool_uses;
  Finish finish = Finish::kStop;
  Usage usage;
  std::string raw_usage;  ///< the provider's own object, or empty
  std::string echo;       ///< for Message::echo
};

}  // namespace troupe::llm
