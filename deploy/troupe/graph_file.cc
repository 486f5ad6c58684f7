#include "deploy/troupe/graph_file.h"

#include <charconv>
#include <filesystem>

#include "deploy/troupe/node_setup.h"
#include "runtime/graph/source_position.h"

namespace troupe::cli {
namespace {

std::string at(const std::string& path, const json::LineColumn& position) {
  return path + ":" + std::to_string(position.line) + ":" + std::to_string(position.column) + ": ";
}

/// Takes `word` and a number off the front of the text.
bool take_number(std::string_view* text, std::string_view word, std::size_t* number) {
  if (text->substr(0, word.size()) != word) return false;
  const char* const start = text->data() + word.size();
  const auto [end, error] = std::from_chars(start, text->data() + text->size(), *number);
  if (error != std::errc()) return false;
  text->remove_prefix(static_cast<std::size_t>(end - text->data()));
  return true;
}

/// Positions are those of a Text, which has no space before its value; the file may.
json::LineColumn in_file(std::string_view raw, json::LineColumn position) {
  const std::size_t start = raw.find_first_not_of(" \t\r\n");
  const json::LineColumn origin =
      json::line_column(raw, start == std::string_view::npos ? 0 : start);
  if (position.line == 1) position.column += origin.column - 1;
  position.line += origin.line - 1;
  return position;
}

}  // namespace

std::string syntax_line(const std::string& path, const Error& error) {
  json::LineColumn position;
  std::string_view rest = error.message;
  if (take_number(&rest, "line ", &position.line) &&
      take_number(&rest, ", column ", &position.column) && rest.substr(0, 2) == ": ") {
    rest.remove_prefix(2);
    return at(path, position) + "error: " + std::string(rest) + " [invalid_json]";
  }
  return path + ": error: " + error.message + " [" + std::string(info(error.code).name) + "]";
}

std::string finding_line(const std::string& path, std::string_view raw, const Issue& issue) {
  const auto position = graph::position_of(json::Text::trusted(std::string(raw)), issue.pointer);
  std::string line = position ? at(path, in_file(raw, *position)) : path + ": ";
  line += issue.warning ? "warning: " : "error: ";
  line += issue.message + " [" + std::string(info(issue.code).name) + "]";
  if (!issue.step.empty()) line += " (step " + issue.step + ")";
  return line;
}

Result<GraphFile> read_graph(const std::string& path,
                             const json::Text* input,
                             const graph::Limits& limits) {
  Result<std::string> raw = read_file(path);
  if (!raw) return std::move(raw).error();
  Result<json::Text> text = json::Text::parse(*raw, {limits.graph_bytes_max});
  if (!text) {
    note(syntax_line(path, text.error()));
    return Error{text.error().code, "", {}};
  }
  GraphFile file;
  file.path = path;
  file.name = path == "-" ? "stdin" : std::filesystem::path(path).stem().string();
  file.text = *text;
  file.parsed = graph::parse(file.text, graph_tools(), limits, input);
  for (const Issue& issue : file.parsed.issues) note(finding_line(path, *raw, issue));
  if (!file.parsed.graph) return Error{Code::kValidationFailed, "", file.parsed.issues};
  return file;
}

}  // namespace troupe::cli
