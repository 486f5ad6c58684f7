#include "runtime/graph/expression.h"

#include <array>
#include <utility>

#include "runtime/json/read.h"
#include "runtime/json/text.h"

namespace troupe::graph {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

/// Characters that end a segment of a path. Everything else may be part of a key.
bool ends_segment(char c) {
  constexpr std::string_view kEnds = " \t\r\n.|{}[]()\"'`,;:";
  return kEnds.find(c) != std::string_view::npos || static_cast<unsigned char>(c) < 0x20;
}

std::optional<Filter::Kind> filter_kind(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Filter::Kind>, 7> kFilters = {{
      {"default", Filter::Kind::kDefault},
      {"json", Filter::Kind::kJson},
      {"length", Filter::Kind::kLength},
      {"join", Filter::Kind::kJoin},
      {"upper", Filter::Kind::kUpper},
      {"lower", Filter::Kind::kLower},
      {"trim", Filter::Kind::kTrim},
  }};
  for (const auto& [known, kind] : kFilters) {
    if (known == name) return kind;
  }
  return std::nullopt;
}

/// Reads one expression from left to right; the first problem ends it.
class ExpressionParser {
 public:
  ExpressionParser(std::string_view text, std::size_t at) : text_(text), at_(at), start_(at) {}

  std::optional<SyntaxProblem> parse(Expression* expression) {
    std::vector<std::string> segments;
    if (auto problem = parse_path(&segments, &expression->reference.text)) return problem;
    if (auto problem = resolve(std::move(segments), &expression->reference)) return problem;
    while (true) {
      skip_space();
      if (text_.substr(at_, 2) == "}}") {
        at_ += 2;
        break;
      }
      if (at_ == text_.size()) return problem_at(start_ - 2, "{{ is never closed by }}");
      if (text_[at_] != '|') return problem_at(at_, unexpected());
      ++at_;
      Filter filter;
      if (auto problem = parse_filter(&filter)) return problem;
      if (filter.kind == Filter::Kind::kDefault) expression->reference.has_default = true;
      expression->filters.push_back(std::move(filter));
    }
    return std::nullopt;
  }

  std::size_t at() const { return at_; }

 private:
  static SyntaxProblem problem_at(std::size_t offset, std::string message) {
    return {offset, std::move(message)};
  }

  std::string unexpected() const {
    if (text_[at_] == '[') return "a path has no [ ]: write .0 or .key";
    return "expected | or }} here";
  }

  void skip_space() {
    while (at_ < text_.size() && kSpace.find(text_[at_]) != std::string_view::npos) ++at_;
  }

  std::string_view word() {
    const std::size_t from = at_;
    while (at_ < text_.size() && !ends_segment(text_[at_])) ++at_;
    return text_.substr(from, at_ - from);
  }

  std::optional<SyntaxProblem> parse_path(std::vector<std::string>* segments,
                                          std::string* as_written) {
    skip_space();
    const std::size_t from = at_;
    while (true) {
      const std::string_view segment = word();
      if (segment.empty()) {
        if (at_ == text_.size()) return problem_at(start_ - 2, "{{ is never closed by }}");
        return problem_at(at_, segments->empty() ? "expected a path such as input.name"
                                                 : "expected a key behind the dot");
      }
      segments->emplace_back(segment);
      if (at_ == text_.size() || text_[at_] != '.') break;
      ++at_;
    }
    *as_written = std::string(text_.substr(from, at_ - from));
    path_at_ = from;
    return std::nullopt;
  }

  std::optional<SyntaxProblem> resolve(std::vector<std::string> segments, Reference* reference) {
    const std::string& head = segments[0];
    const auto take_from = [&](std::size_t first) {
      reference->path.assign(std::make_move_iterator(segments.begin() + static_cast<long>(first)),
                             std::make_move_iterator(segments.end()));
    };
    if (head == "input") {
      reference->root = Root::kInput;
      take_from(1);
      return std::nullopt;
    }
    if (head == "item") {
      reference->root = Root::kItem;
      take_from(1);
      return std::nullopt;
    }
    if (head == "steps" || head == "body") return resolve_step(std::move(segments), reference);
    if (head == "index") return resolve_leaf(segments, 1, Root::kIndex, reference);
    if (segments.size() >= 2) {
      const std::string& second = segments[1];
      if (head == "foreach" && second == "item") {
        reference->root = Root::kItem;
        take_from(2);
        return std::nullopt;
      }
      if (head == "foreach" && second == "index") {
        return resolve_leaf(segments, 2, Root::kIndex, reference);
      }
      if (head == "while" && second == "iteration") {
        return resolve_leaf(segments, 2, Root::kWhileIteration, reference);
      }
      if (head == "run" && second == "id")
        return resolve_leaf(segments, 2, Root::kRunId, reference);
      if (head == "run" && second == "external_id") {
        return resolve_leaf(segments, 2, Root::kRunExternalId, reference);
      }
      if (head == "while" && second == "prev" && segments.size() >= 3) {
        reference->root = Root::kWhilePrev;
        reference->step = segments[2];
        take_from(segments.size() > 3 && segments[3] == "result" ? 4 : 3);
        return std::nullopt;
      }
    }
    return problem_at(path_at_, unknown_path(segments));
  }

  std::optional<SyntaxProblem> resolve_leaf(const std::vector<std::string>& segments,
                                            std::size_t size,
                                            Root root,
                                            Reference* reference) {
    if (segments.size() > size) {
      return problem_at(path_at_, "nothing can follow in " + reference->text);
    }
    reference->root = root;
    return std::nullopt;
  }

  std::optional<SyntaxProblem> resolve_step(std::vector<std::string> segments,
                                            Reference* reference) {
    const bool body = segments[0] == "body";
    if (segments.size() < 2) return problem_at(path_at_, "expected " + segments[0] + ".<step id>");
    reference->step = segments[1];
    reference->root = body ? Root::kBody : Root::kStepResult;
    std::size_t first = 2;
    const std::string word = segments.size() > 2 ? segments[2] : std::string();
    if (word == "result") {
      first = 3;
    } else if (body && (word == "input" || word == "status")) {
      // The words win over fields, yet a body offers results alone; guessing would hide a mistake.
      return problem_at(path_at_, "a body step has no " + word +
                                      " to read; for a field of that name write body." +
                                      segments[1] + ".result." + word);
    } else if (!body && word == "input") {
      reference->root = Root::kStepInput;
      first = 3;
    } else if (!body && word == "error") {
      reference->root = Root::kStepError;
      first = 3;
    } else if (!body && word == "status") {
      return resolve_leaf(segments, 3, Root::kStepStatus, reference);
    }
    reference->path.assign(std::make_move_iterator(segments.begin() + static_cast<long>(first)),
                           std::make_move_iterator(segments.end()));
    return std::nullopt;
  }

  static std::string unknown_path(const std::vector<std::string>& segments) {
    const std::string& head = segments[0];
    if (head == "foreach") return "expected foreach.item or foreach.index";
    if (head == "while") return "expected while.iteration or while.prev.<step id>";
    if (head == "run") return "expected run.id or run.external_id";
    return "a path cannot begin with \"" + head +
           "\": expected input, steps, item, index, foreach, body, while or run";
  }

  std::optional<SyntaxProblem> parse_filter(Filter* filter) {
    skip_space();
    const std::size_t name_at = at_;
    const std::string_view name = word();
    const auto kind = filter_kind(name);
    if (!kind) {
      return problem_at(name_at, name.empty() ? "expected the name of a filter"
                                              : "there is no filter \"" + std::string(name) + "\"");
    }
    filter->kind = *kind;
    skip_space();
    const bool takes_argument = *kind == Filter::Kind::kDefault || *kind == Filter::Kind::kJoin;
    const bool has_argument = at_ < text_.size() && text_[at_] == ':';
    if (!takes_argument) {
      if (has_argument) return problem_at(at_, std::string(name) + " takes no argument");
      return std::nullopt;
    }
    if (!has_argument)
      return problem_at(at_, std::string(name) + " needs an argument: " + std::string(name) +
                                 (*kind == Filter::Kind::kJoin ? ": \",\"" : ": JSON"));
    ++at_;
    return parse_argument(name, filter);
  }

  std::optional<SyntaxProblem> parse_argument(std::string_view name, Filter* filter) {
    skip_space();
    const std::size_t from = at_;
    skip_json();
    auto parsed = json::Text::parse(std::string(text_.substr(from, at_ - from)));
    if (!parsed.ok())
      return problem_at(from, "the argument of " + std::string(name) + " is not JSON");
    if (filter->kind == Filter::Kind::kJoin) {
      if (json::kind(parsed->view()) != json::Kind::kString) {
        return problem_at(from, "join needs a string, such as join: \",\"");
      }
      filter->argument = json::decode_string(parsed->view());
    } else {
      filter->argument = json::compact(parsed->view());
    }
    return std::nullopt;
  }

  /// Moves over what looks like one JSON value, so that a }} inside it does not end the expression.
  void skip_json() {
    int depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        skip_json_string();
        if (depth == 0) return;
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') {
        if (depth == 0) return;
        --depth;
        if (depth == 0) {
          ++at_;
          return;
        }
      }
      if (depth == 0 && (c == '|' || kSpace.find(c) != std::string_view::npos)) return;
      ++at_;
    }
  }

  void skip_json_string() {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == '"') {
        ++at_;
        return;
      }
    }
    at_ = text_.size();
  }

  std::string_view text_;
  std::size_t at_;
  std::size_t start_;        ///< behind "{{"
  std::size_t path_at_ = 0;  ///< of the path's first byte
};

}  // namespace

std::optional<SyntaxProblem> parse_expression(std::string_view text,
                                              std::size_t* at,
                                              Expression* expression) {
  ExpressionParser parser(text, *at);
  auto problem = parser.parse(expression);
  *at = parser.at();
  return problem;
}

}  // namespace troupe::graph
