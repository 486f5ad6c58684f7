#include "runtime/graph/script_use.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace troupe::graph {
namespace {

struct Token {
  enum class Kind : unsigned char { kName, kString, kNumber, kSymbol, kEnd };
  Kind kind = Kind::kEnd;
  std::string_view text;     ///< of a string: what stands between its quotes
  bool has_escapes = false;  ///< of a string: `text` is not its value

  bool is(std::string_view symbol) const { return kind == Kind::kSymbol && text == symbol; }
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Cuts Lua 5.4 text into tokens. Text that is not Lua gives some tokens too: the syntax check, not
/// this, refuses it.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Token next() {
    skip_blanks();
    if (at_ >= text_.size()) return {};
    const char c = text_[at_];
    if (is_letter(c)) return name();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (c == '"' || c == '\'') return quoted();
    if (c == '[' && (peek(1) == '[' || peek(1) == '=')) {
      const std::size_t from = at_;
      if (const auto content = long_bracket(); content.second) {
        return {Token::Kind::kString, content.first, false};
      }
      at_ = from;
    }
    return symbol();
  }

 private:
  char peek(std::size_t ahead) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  void skip_blanks() {
    while (at_ < text_.size()) {
      if (static_cast<unsigned char>(text_[at_]) <= ' ') {
        ++at_;
      } else if (text_[at_] == '-' && peek(1) == '-') {
        at_ += 2;
        if (text_[at_ < text_.size() ? at_ : at_ - 1] == '[' && long_bracket().second) continue;
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else {
        return;
      }
    }
  }

  Token name() {
    const std::size_t from = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
    return {Token::Kind::kName, text_.substr(from, at_ - from)};
  }

  Token number() {
    const std::size_t from = at_;
    while (at_ < text_.size() &&
           (is_letter(text_[at_]) || is_digit(text_[at_]) || text_[at_] == '.')) {
      // 1..x is a number and a concatenation only with a blank between them; Lua refuses it
      // without.
      const char exponent = text_[at_++];
      const bool signs = exponent == 'e' || exponent == 'E' || exponent == 'p' || exponent == 'P';
      if (signs && (peek(0) == '+' || peek(0) == '-') && is_digit(peek(1))) ++at_;
    }
    return {Token::Kind::kNumber, text_.substr(from, at_ - from)};
  }

  Token quoted() {
    const char quote = text_[at_++];
    const std::size_t from = at_;
    bool has_escapes = false;
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') {
      if (text_[at_] == '\\') {
        has_escapes = true;
        ++at_;
      }
      ++at_;
    }
    at_ = std::min(at_, text_.size());
    const Token token{Token::Kind::kString, text_.substr(from, at_ - from), has_escapes};
    if (at_ < text_.size()) ++at_;
    return token;
  }

  /// At '[': the content of [[…]] or [==[…]==] and whether there is one; else stays.
  std::pair<std::string_view, bool> long_bracket() {
    std::size_t level = 0;
    while (peek(1 + level) == '=') ++level;
    if (peek(1 + level) != '[') return {{}, false};
    at_ += level + 2;
    const std::string close = "]" + std::string(level, '=') + "]";
    const std::size_t from = at_;
    const std::size_t end = text_.find(close, at_);
    at_ = end == std::string_view::npos ? text_.size() : end + close.size();
    return {text_.substr(from, (end == std::string_view::npos ? text_.size() : end) - from), true};
  }

  Token symbol() {
    std::size_t size = 1;
    if (text_[at_] == '.') {
      while (size < 3 && peek(size) == '.') ++size;
    } else if (text_[at_] == ':' && peek(1) == ':') {
      size = 2;
    }
    const Token token{Token::Kind::kSymbol, text_.substr(at_, size)};
    at_ += size;
    return token;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

void mention_everything(ScriptNames& names) {
  names.all_steps = true;
  names.input = names.item = names.index = names.loop = names.body = names.run = true;
}

/// These reach globals without naming them.
bool reaches_all_globals(std::string_view name) {
  constexpr std::string_view kNames[] = {"_G",     "_ENV",    "load",  "loadstring", "loadfile",
                                         "dofile", "require", "debug", "getfenv",    "setfenv"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

}  // namespace

ScriptNames names_in_script(std::string_view source) {
  ScriptNames names;
  Lexer lexer(source);
  std::vector<Token> tokens;
  do {
    tokens.push_back(lexer.next());
  } while (tokens.back().kind != Token::Kind::kEnd);
  tokens.resize(tokens.size() + 3);

  for (std::size_t i = 0; tokens[i].kind != Token::Kind::kEnd; ++i) {
    if (tokens[i].kind != Token::Kind::kName) continue;
    if (i > 0 && (tokens[i - 1].is(".") || tokens[i - 1].is(":"))) continue;
    const std::string_view name = tokens[i].text;
    if (reaches_all_globals(name)) mention_everything(names);
    if (name == "input") names.input = true;
    if (name == "item") names.item = true;
    if (name == "index") names.index = true;
    if (name == "loop") names.loop = true;
    if (name == "body") names.body = true;
    if (name == "run") names.run = true;
    if (name != "steps") continue;
    const Token& first = tokens[i + 1];
    const Token& second = tokens[i + 2];
    if (first.is(".") && second.kind == Token::Kind::kName) {
      names.steps.emplace_back(second.text);
    } else if (first.is("[") && second.kind == Token::Kind::kString && !second.has_escapes &&
               tokens[i + 3].is("]")) {
      names.steps.emplace_back(second.text);
    } else {
      names.all_steps = true;
    }
  }
  std::sort(names.steps.begin(), names.steps.end());
  names.steps.erase(std::unique(names.steps.begin(), names.steps.end()), names.steps.end());
  return names;
}

}  // namespace troupe::graph
