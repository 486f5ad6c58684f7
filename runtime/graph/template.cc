#include "runtime/graph/template.h"

#include <utility>

#include "runtime/graph/expression.h"
#include "runtime/json/read.h"
#include "runtime/json/tree.h"
#include "runtime/json/write.h"

namespace troupe::graph {

namespace {

/// A stretch of the expanded text: literal bytes, then (unless it is the tail) one expression.
struct Piece {
  enum class Kind : unsigned char {
    kTail,          ///< literal bytes alone
    kValue,         ///< the raw JSON of the expression follows
    kInsideString,  ///< its text follows, inside a JSON string
  };
  std::string literal;
  Kind kind = Kind::kTail;
  Expression expression;
};

}  // namespace

/// The document cut at its expressions, so that an expansion is one pass of appends.
struct Template::Node {
  std::vector<Piece> pieces;
};

namespace {

std::size_t code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

/// Walks a JSON value and cuts it; keeps the pointer of where it stands for messages.
class Compiler {
 public:
  explicit Compiler(std::vector<Piece>* pieces) : pieces_(pieces) { pieces_->emplace_back(); }

  Status value(std::string_view raw, const std::string& pointer) {
    switch (json::kind(raw)) {
      case json::Kind::kString:
        return string(raw, pointer);
      case json::Kind::kArray:
        return array(raw, pointer);
      case json::Kind::kObject:
        return object(raw, pointer);
      default:
        literal().append(raw);
        return ok();
    }
  }

 private:
  std::string& literal() { return pieces_->back().literal; }

  void expression(Piece::Kind kind, Expression expression) {
    pieces_->back().kind = kind;
    pieces_->back().expression = std::move(expression);
    pieces_->emplace_back();
  }

  Status array(std::string_view raw, const std::string& pointer) {
    Status status = ok();
    std::size_t index = 0;
    literal() += '[';
    json::for_each_element(raw, [&](std::string_view element) {
      if (index > 0) literal() += ',';
      status = value(element, pointer + '/' + std::to_string(index));
      ++index;
      return status.ok();
    });
    literal() += ']';
    return status;
  }

  Status object(std::string_view raw, const std::string& pointer) {
    Status status = ok();
    bool first = true;
    literal() += '{';
    json::for_each_member(raw, [&](std::string_view key, std::string_view member) {
      if (!first) literal() += ',';
      first = false;
      json::append_quoted(literal(), key);
      literal() += ':';
      status = value(member, json::pointer_to(pointer, key));
      return status.ok();
    });
    literal() += '}';
    return status;
  }

  Status string(std::string_view raw, const std::string& pointer) {
    const std::string text = json::decode_string(raw);
    std::size_t open = text.find("{{");
    if (open == std::string::npos) {
      literal().append(raw);
      return ok();
    }
    std::size_t at = open + 2;
    Expression first;
    if (auto problem = parse_expression(text, &at, &first)) return syntax(text, *problem, pointer);
    if (open == 0 && at == text.size()) {
      expression(Piece::Kind::kValue, std::move(first));
      return ok();
    }
    literal() += '"';
    append_text(std::string_view(text).substr(0, open));
    expression(Piece::Kind::kInsideString, std::move(first));
    while ((open = text.find("{{", at)) != std::string::npos) {
      append_text(std::string_view(text).substr(at, open - at));
      at = open + 2;
      Expression next;
      if (auto problem = parse_expression(text, &at, &next)) return syntax(text, *problem, pointer);
      expression(Piece::Kind::kInsideString, std::move(next));
    }
    append_text(std::string_view(text).substr(at));
    literal() += '"';
    return ok();
  }

  void append_text(std::string_view text) {
    const std::string quoted = json::quote(text);
    literal().append(quoted, 1, quoted.size() - 2);
  }

  static Error syntax(std::string_view text,
                      const SyntaxProblem& problem,
                      const std::string& pointer) {
    const std::size_t position = code_points(text.substr(0, problem.offset)) + 1;
    std::string message = "position " + std::to_string(position) + ": " + problem.message;
    return Error{
        Code::kTemplateSyntax, message, {Issue{Code::kTemplateSyntax, "", pointer, message}}};
  }

  std::vector<Piece>* pieces_;
};

}  // namespace

Result<Template> Template::compile(std::string_view value) {
  auto node = std::make_shared<Node>();
  if (auto status = Compiler(&node->pieces).value(json::trim(value), ""); !status.ok()) {
    return std::move(status).error();
  }
  if (node->pieces.size() > 1 && node->pieces.back().literal.empty()) node->pieces.pop_back();
  auto references = std::make_shared<std::vector<Reference>>();
  for (const Piece& piece : node->pieces) {
    if (piece.kind != Piece::Kind::kTail) references->push_back(piece.expression.reference);
  }
  Template compiled;
  compiled.root_ = std::move(node);
  compiled.references_ = std::move(references);
  return compiled;
}

Result<std::string> Template::expand(const Environment& environment) const {
  std::string out;
  if (!root_) return out;
  for (const Piece& piece : root_->pieces) {
    out.append(piece.literal);
    if (piece.kind == Piece::Kind::kTail) continue;
    Value value;
    if (auto status = evaluate(piece.expression, environment, &value); !status.ok()) {
      return std::move(status).error();
    }
    if (piece.kind == Piece::Kind::kValue) {
      out.append(*value.json);
    } else {
      append_inside_string(out, *value.json);
    }
  }
  return out;
}

const std::vector<Reference>& Template::references() const {
  static const std::vector<Reference> kNone;
  return references_ ? *references_ : kNone;
}

bool Template::constant() const { return references().empty(); }

}  // namespace troupe::graph
