#include "runtime/json/read.h"
#include "runtime/json/scan.h"

// How a value is spaced: none at all, or lines for people. Both walk the tokens once, without
// recursion, since neither needs to know what a value means.
namespace troupe::json {

namespace {

void break_line(std::string& out, std::size_t level) {
  out += '\n';
  out.append(2 * level, ' ');
}

bool opens(char c) { return c == '{' || c == '['; }
bool closes(char c) { return c == '}' || c == ']'; }

}  // namespace

std::string compact(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  const char* const end = value.data() + value.size();
  const char* at = scan::skip_space(value.data(), end);
  while (at != end) {
    const char* const start = at;
    if (*at == '"')
      at = scan::skip_string(at, end);
    else
      ++at;
    out.append(scan::view(start, at));
    at = scan::skip_space(at, end);
  }
  return out;
}

std::string pretty(std::string_view value) {
  std::string out;
  out.reserve(value.size() + value.size() / 2);
  const char* const end = value.data() + value.size();
  std::size_t level = 0;
  for (const char* at = scan::skip_space(value.data(), end); at != end;
       at = scan::skip_space(at, end)) {
    const char* const start = at;
    if (*at == '"')
      at = scan::skip_string(at, end);
    else
      ++at;
    if (closes(*start)) {
      level -= level > 0 ? 1 : 0;
      if (!out.empty() && !opens(out.back())) break_line(out, level);
    } else if (start != value.data() && !out.empty() && opens(out.back())) {
      break_line(out, level);
    }
    out.append(scan::view(start, at));
    if (opens(*start))
      ++level;
    else if (*start == ',')
      break_line(out, level);
    else if (*start == ':')
      out += ' ';
  }
  return out;
}

}  // namespace troupe::json
