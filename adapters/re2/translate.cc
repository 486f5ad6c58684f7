#include "adapters/re2/translate.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

namespace troupe::re2 {

namespace {

/// White space of ECMA-262 and everything else, as the inside of a character class.
constexpr std::string_view kSpace =
    R"(\t-\r \x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF})";
constexpr std::string_view kNoSpace =
    R"(\x00-\x08\x0E-\x1F!-\x{9F}\x{A1}-\x{167F}\x{1681}-\x{1FFF}\x{200B}-\x{2027})"
    R"(\x{202A}-\x{202E}\x{2030}-\x{205E}\x{2060}-\x{2FFF}\x{3001}-\x{FEFE}\x{FF00}-\x{10FFFF})";

/// RE2 knows general categories by their short names only.
constexpr std::array<std::pair<std::string_view, std::string_view>, 36> kCategories = {{
    {"Letter", "L"},
    {"Uppercase_Letter", "Lu"},
    {"Lowercase_Letter", "Ll"},
    {"Titlecase_Letter", "Lt"},
    {"Modifier_Letter", "Lm"},
    {"Other_Letter", "Lo"},
    {"Mark", "M"},
    {"Combining_Mark", "M"},
    {"Nonspacing_Mark", "Mn"},
    {"Spacing_Mark", "Mc"},
    {"Enclosing_Mark", "Me"},
    {"Number", "N"},
    {"Decimal_Number", "Nd"},
    {"digit", "Nd"},
    {"Letter_Number", "Nl"},
    {"Other_Number", "No"},
    {"Punctuation", "P"},
    {"punct", "P"},
    {"Connector_Punctuation", "Pc"},
    {"Dash_Punctuation", "Pd"},
    {"Open_Punctuation", "Ps"},
    {"Close_Punctuation", "Pe"},
    {"Initial_Punctuation", "Pi"},
    {"Final_Punctuation", "Pf"},
    {"Other_Punctuation", "Po"},
    {"Symbol", "S"},
    {"Math_Symbol", "Sm"},
    {"Currency_Symbol", "Sc"},
    {"Modifier_Symbol", "Sk"},
    {"Other_Symbol", "So"},
    {"Separator", "Z"},
    {"Space_Separator", "Zs"},
    {"Line_Separator", "Zl"},
    {"Paragraph_Separator", "Zp"},
    {"Control", "Cc"},
    {"Other", "C"},
}};

bool is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Translation {
 public:
  explicit Translation(std::string_view source) : rest_(source) {}

  Result<std::string> run() {
    while (!rest_.empty() && failure_.empty()) in_class_ ? class_part() : part();
    if (failure_.empty()) return std::move(out_);
    return {Code::kSchemaInvalid, "the regular expression " + failure_};
  }

 private:
  void part();
  void class_part();
  void open_class();
  void group();
  void escape();
  void class_escape(char kind);
  void control_escape();
  void unicode_escape();
  void property(bool negated);
  void space(bool negated);

  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  void copy() {
    out_ += rest_.front();
    rest_.remove_prefix(1);
  }
  void fail(std::string why) {
    if (failure_.empty()) failure_ = std::move(why);
  }
  std::optional<std::uint32_t> take_hex(std::size_t digits);
  void put_code_point(std::uint32_t code_point);

  std::string_view rest_;
  std::string out_;
  std::string failure_;
  bool in_class_ = false;
};

void Translation::part() {
  switch (rest_.front()) {
    case '\\':
      return escape();
    case '(':
      return group();
    case '[':
      return open_class();
    case '.':
      rest_.remove_prefix(1);
      out_ += R"([^\n\r\x{2028}\x{2029}])";
      return;
    case '$':  // RE2's own $ could be told to match before a line end
      rest_.remove_prefix(1);
      out_ += "\\z";
      return;
    default:
      return copy();
  }
}

void Translation::group() {
  if (take("(?:")) {
    out_ += "(?:";
  } else if (take("(?=") || take("(?!") || take("(?<=") || take("(?<!")) {
    fail("uses look-around, which is not available here: it cannot run in linear time");
  } else if (take("(?<")) {
    out_ += "(?P<";
  } else if (take("(?")) {
    fail("has a group of an unknown kind behind '(?'");
  } else {
    copy();
  }
}

void Translation::open_class() {
  if (take("[^]")) {
    out_ += R"([\x00-\x{10FFFF}])";
  } else if (take("[]")) {
    out_ += R"([^\x00-\x{10FFFF}])";
  } else {
    const bool negated = take("[^");
    if (!negated) rest_.remove_prefix(1);
    out_ += negated ? "[^" : "[";
    in_class_ = true;
  }
}

void Translation::class_part() {
  if (rest_.front() == '\\') return escape();
  if (rest_.front() == ']') in_class_ = false;
  if (rest_.front() == '[') out_ += '\\';  // RE2 would look for [:name:]
  copy();
}

std::optional<std::uint32_t> Translation::take_hex(std::size_t digits) {
  std::uint32_t value = 0;
  if (digits == 0 || rest_.size() < digits) return std::nullopt;
  const char* const end = rest_.data() + digits;
  const std::from_chars_result read = std::from_chars(rest_.data(), end, value, 16);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  rest_.remove_prefix(digits);
  return value;
}

void Translation::put_code_point(std::uint32_t code_point) {
  if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point < 0xE000)) {
    return fail("names a character that does not exist");
  }
  std::array<char, 8> digits;
  const std::to_chars_result end =
      std::to_chars(digits.data(), digits.data() + digits.size(), code_point, 16);
  out_ += "\\x{";
  out_.append(digits.data(), static_cast<std::size_t>(end.ptr - digits.data()));
  out_ += '}';
}

void Translation::escape() {
  rest_.remove_prefix(1);
  if (rest_.empty()) return fail("ends with a backslash");
  const char kind = rest_.front();
  rest_.remove_prefix(1);
  if (!is_letter(kind) && !is_digit(kind)) {
    if (static_cast<unsigned char>(kind) < 0x80 && kind != '_') out_ += '\\';
    out_ += kind;
    return;
  }
  switch (kind) {
    case 'd':
    case 'D':
    case 'w':
    case 'W':
    case 'f':
    case 'n':
    case 'r':
    case 't':
    case 'v':
      out_.append(1, '\\').append(1, kind);
      return;
    case 's':
    case 'S':
      return space(kind == 'S');
    case 'p':
    case 'P':
      return property(kind == 'P');
    case 'c':
      return control_escape();
    case 'u':
      return unicode_escape();
    case 'x':
      if (const std::optional<std::uint32_t> byte = take_hex(2)) return put_code_point(*byte);
      return fail("has an \\x without two hexadecimal digits");
    case '0':
      if (rest_.empty() || !is_digit(rest_.front())) return put_code_point(0);
      return fail("has an octal escape");
    default:
      return class_escape(kind);
  }
}

/// What means something else, or nothing, inside brackets.
void Translation::class_escape(char kind) {
  if (kind == 'b' && in_class_) return put_code_point(8);
  if ((kind == 'b' || kind == 'B') && !in_class_) {
    out_.append(1, '\\').append(1, kind);
  } else if (is_digit(kind) || kind == 'k') {
    fail("uses a back reference, which is not available here: it cannot run in linear time");
  } else {
    fail(std::string("has the unknown escape \\") + kind);
  }
}

void Translation::space(bool negated) {
  if (!in_class_) out_ += '[';
  out_ += negated ? kNoSpace : kSpace;
  if (!in_class_) out_ += ']';
}

void Translation::control_escape() {
  if (rest_.empty() || !is_letter(rest_.front())) return fail("has a \\c without a letter");
  put_code_point(static_cast<unsigned char>(rest_.front()) & 0x1F);
  rest_.remove_prefix(1);
}

void Translation::unicode_escape() {
  if (take("{")) {
    const std::size_t size = rest_.find('}');
    const std::optional<std::uint32_t> code_point =
        size <= 8 ? take_hex(size) : std::optional<std::uint32_t>();
    if (!code_point) return fail("has a \\u{ without hexadecimal digits and a brace");
    rest_.remove_prefix(1);
    return put_code_point(*code_point);
  }
  std::optional<std::uint32_t> unit = take_hex(4);
  if (unit && *unit >= 0xD800 && *unit < 0xDC00 && take("\\u")) {
    const std::optional<std::uint32_t> low = take_hex(4);
    if (!low || *low < 0xDC00 || *low > 0xDFFF) return fail("has half of a surrogate pair");
    unit = 0x10000 + ((*unit & 0x3FF) << 10) + (*low & 0x3FF);
  }
  if (!unit) return fail("has a \\u without four hexadecimal digits");
  put_code_point(*unit);
}

void Translation::property(bool negated) {
  const std::size_t size = take("{") ? rest_.find('}') : std::string_view::npos;
  if (size == std::string_view::npos) return fail("has a \\p without a name in braces");
  std::string_view name = rest_.substr(0, size);
  rest_.remove_prefix(size + 1);
  for (const char* prefix : {"General_Category=", "gc=", "Script=", "sc="}) {
    if (name.starts_with(prefix)) name.remove_prefix(std::string_view(prefix).size());
  }
  const char* const bracket = in_class_ ? "" : "[";
  const char* const closing = in_class_ ? "" : "]";
  if (name == "ASCII" || name == "Any" || name == "LC" || name == "Cased_Letter") {
    if (negated && in_class_) return fail("has \\P{" + std::string(name) + "} inside brackets");
    const std::string_view set = name == "ASCII" ? R"(\x00-\x7F)"
                                 : name == "Any" ? R"(\x00-\x{10FFFF})"
                                                 : R"(\p{Lu}\p{Ll}\p{Lt})";
    out_.append(bracket).append(negated ? "^" : "").append(set).append(closing);
    return;
  }
  for (const auto& [long_name, short_name] : kCategories) {
    if (name == long_name) name = short_name;
  }
  out_.append(negated ? "\\P{" : "\\p{").append(name).append("}");
}

}  // namespace

Result<std::string> translate(std::string_view source) { return Translation(source).run(); }

}  // namespace troupe::re2
