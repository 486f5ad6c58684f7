#include "tests/tidy/source_tree.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace troupe::tidy {
namespace {

constexpr std::string_view kFolders[] = {"runtime", "actors", "adapters", "config",
                                         "deploy",  "bench",  "tests",    "cmake"};

bool is_text(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  const std::string ending = path.extension().string();
  constexpr std::string_view kEndings[] = {".h", ".cc", ".cmake", ".md", ".sh", ".toml"};
  return name == "CMakeLists.txt" ||
         std::find(std::begin(kEndings), std::end(kEndings), ending) != std::end(kEndings);
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

/// Walks over C++ and blanks what it is told to.
class Blanker {
 public:
  Blanker(std::string_view code, bool literals) : text_(code), literals_(literals) {}

  std::string take() {
    while (at_ < text_.size()) {
      const std::string_view rest = std::string_view(text_).substr(at_);
      if (rest.substr(0, 2) == "//")
        blank_until("\n", 0);
      else if (rest.substr(0, 2) == "/*")
        blank_until("*/", 2);
      else if (rest.substr(0, 2) == "R\"")
        raw_literal();
      else if (rest[0] == '"' || (rest[0] == '\'' && !inside_number()))
        literal(rest[0]);
      else
        ++at_;
    }
    return std::move(text_);
  }

 private:
  /// 1'000'000: the quotes separate digits.
  bool inside_number() const {
    return at_ > 0 && std::isxdigit(static_cast<unsigned char>(text_[at_ - 1])) != 0;
  }
  void blank(std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      if (text_[i] != '\n') text_[i] = ' ';
    }
  }
  void blank_until(std::string_view end, std::size_t inclusive) {
    const std::size_t found = text_.find(end, at_ + 2);
    const std::size_t stop = found == std::string::npos ? text_.size() : found + inclusive;
    blank(at_, stop);
    at_ = stop;
  }
  void raw_literal() {
    const std::size_t open = text_.find('(', at_);
    const std::string end = ")" + text_.substr(at_ + 2, open - at_ - 2) + "\"";
    const std::size_t close = std::min(text_.find(end, open), text_.size() - end.size());
    if (literals_) blank(open + 1, close);
    at_ = close + end.size();
  }
  void literal(char quote) {
    const std::size_t begin = at_ + 1;
    for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    if (literals_) blank(begin, std::min(at_, text_.size()));
    ++at_;
  }

  std::string text_;
  const bool literals_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<std::string_view> File::lines() const {
  std::vector<std::string_view> lines;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    lines.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return lines;
}

std::string File::folder() const {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string File::layer() const {
  const std::string top = path.substr(0, path.find('/'));
  if (top != "adapters" && top != "deploy") return top;
  return path.substr(0, path.find('/', top.size() + 1));
}

bool File::is_code() const { return ends_with(path, ".cc") || ends_with(path, ".h"); }
bool File::is_header() const { return ends_with(path, ".h"); }
bool File::is_build() const {
  return ends_with(path, "CMakeLists.txt") || ends_with(path, ".cmake");
}
bool File::is_document() const { return ends_with(path, ".md"); }

Tree read_tree() {
  namespace fs = std::filesystem;
  Tree tree;
  const auto add = [&tree](const fs::path& path) {
    if (is_text(path)) tree.push_back({path.lexically_normal().generic_string(), read(path)});
  };
  for (const auto& entry : fs::directory_iterator(".")) {
    if (entry.is_regular_file()) add(entry.path());
  }
  for (const std::string_view folder : kFolders) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) add(entry.path());
    }
  }
  std::sort(tree.begin(), tree.end(), [](const File& a, const File& b) { return a.path < b.path; });
  return tree;
}

std::string blank_comments_and_literals(std::string_view code) {
  return Blanker(code, true).take();
}
std::string blank_comments(std::string_view code) { return Blanker(code, false).take(); }

void note(Findings* findings, const File& file, std::size_t line, const std::string& what) {
  findings->push_back(file.path + ":" + std::to_string(line) + ": " + what);
}

std::string join(const Findings& findings) {
  std::string text;
  for (const std::string& finding : findings) text += finding + "\n";
  return text;
}

}  // namespace troupe::tidy
