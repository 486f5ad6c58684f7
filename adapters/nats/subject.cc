#include "adapters/nats/subject.h"

#include <algorithm>

namespace troupe::nats {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool is_slug(std::string_view token) {
  return !token.empty() && token.size() <= 63 &&
         std::all_of(token.begin(), token.end(),
                     [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

bool is_queue_name(std::string_view token) {
  return !token.empty() && token.size() <= 64 &&
         std::all_of(token.begin(), token.end(), [](char c) {
           return is_lower(c) || is_upper(c) || is_digit(c) || c == '-' || c == '_';
         });
}

std::vector<std::string_view> tokens_of(std::string_view subject) {
  std::vector<std::string_view> tokens;
  while (true) {
    const std::size_t dot = subject.find('.');
    tokens.push_back(subject.substr(0, dot));
    if (dot == std::string_view::npos) return tokens;
    subject.remove_prefix(dot + 1);
  }
}

std::string_view last_token(std::string_view subject) {
  const std::size_t dot = subject.rfind('.');
  return dot == std::string_view::npos ? subject : subject.substr(dot + 1);
}

}  // namespace troupe::nats
