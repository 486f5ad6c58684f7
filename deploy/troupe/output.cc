#include "deploy/troupe/output.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "adapters/console/screen.h"
#include "runtime/json/read.h"

namespace troupe::cli {
namespace {

constexpr std::size_t kArgumentBytesMax = 64 << 20;

void line_to(int descriptor, std::string_view line) {
  std::string out(line);
  if (out.empty() || out.back() != '\n') out += '\n';
  console::write_all(descriptor, out);
}

}  // namespace

void print(std::string_view line) { line_to(STDOUT_FILENO, line); }
void note(std::string_view line) { line_to(STDERR_FILENO, line); }

void print_json(std::string_view json) {
  print(stdout_is_terminal() ? json::pretty(json) : json::compact(json));
}

Exit fail(const Error& error) {
  note("error: " + error.message + " [" + std::string(info(error.code).name) + "]");
  for (const Issue& issue : error.issues) {
    note("  " + (issue.pointer.empty() ? std::string("/") : issue.pointer) + ": " + issue.message +
         " [" + std::string(info(issue.code).name) + "]");
  }
  return exit_of(error.code);
}

Exit fail(Exit exit, std::string_view message) {
  note("error: " + std::string(message));
  return exit;
}

void print_table(const std::vector<std::string>& headings,
                 const std::vector<std::vector<std::string>>& rows) {
  std::vector<int> widths;
  const bool headed = stdout_is_terminal();
  for (const std::string& heading : headings) widths.push_back(headed ? int(heading.size()) : 0);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], console::width_of(row[i]));
    }
  }
  const auto put = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string cell = console::clean(row[i]);
      line += cell;
      if (i + 1 < row.size())
        line.append(std::size_t(widths[i] - console::width_of(cell) + 2), ' ');
    }
    print(line);
  };
  if (headed) put(headings);
  for (const auto& row : rows) put(row);
}

bool stdout_is_terminal() { return ::isatty(STDOUT_FILENO) != 0; }
bool person_present() { return ::isatty(STDIN_FILENO) != 0 && ::isatty(STDERR_FILENO) != 0; }

Result<std::string> read_file(const std::string& path) {
  const bool standard_input = path == "-";
  std::FILE* file = standard_input ? stdin : std::fopen(path.c_str(), "rbe");
  if (file == nullptr) {
    return {Code::kInvalidRequest, "cannot open " + path + ": " + std::strerror(errno)};
  }
  std::string text;
  std::array<char, 1 << 16> part;
  std::size_t count = 0;
  while ((count = std::fread(part.data(), 1, part.size(), file)) > 0) {
    text.append(part.data(), count);
    if (text.size() > kArgumentBytesMax) break;
  }
  const bool failed = std::ferror(file) != 0;
  if (!standard_input) std::fclose(file);
  if (failed) return {Code::kInvalidRequest, "cannot read " + path + ": " + std::strerror(errno)};
  if (text.size() > kArgumentBytesMax) {
    return {Code::kPayloadTooLarge, path + " is larger than 64 MiB"};
  }
  return text;
}

Result<std::string> read_argument(const std::string& argument) {
  if (argument == "-") return read_file("-");
  if (!argument.empty() && argument.front() == '@') return read_file(argument.substr(1));
  return argument;
}

}  // namespace troupe::cli
