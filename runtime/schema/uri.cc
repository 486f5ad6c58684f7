#include "runtime/schema/uri.h"

#include <charconv>
#include <optional>

namespace troupe::schema {

namespace {

/// The five parts of RFC 3986; a part that is absent differs from an empty one.
struct Uri {
  std::optional<std::string_view> scheme;
  std::optional<std::string_view> authority;
  std::string_view path;
  std::optional<std::string_view> query;
  std::optional<std::string_view> fragment;
};

std::optional<std::string_view> take_behind(std::string_view& text, char mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view behind = text.substr(at + 1);
  text = text.substr(0, at);
  return behind;
}

Uri parse(std::string_view text) {
  Uri uri;
  uri.fragment = take_behind(text, '#');
  uri.query = take_behind(text, '?');
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && colon > 0 && text.find('/') > colon) {
    uri.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    uri.authority = text.substr(0, text.find('/'));
    text.remove_prefix(uri.authority->size());
  }
  uri.path = text;
  return uri;
}

void drop_last_segment(std::string& path) {
  const std::size_t slash = path.rfind('/');
  path.resize(slash == std::string::npos ? 0 : slash);
}

std::string remove_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    if (path.starts_with("../"))
      path.remove_prefix(3);
    else if (path.starts_with("./"))
      path.remove_prefix(2);
    else if (path.starts_with("/./"))
      path.remove_prefix(2);
    else if (path == "/.")
      path = "/";
    else if (path.starts_with("/../") || path == "/..") {
      drop_last_segment(out);
      path = path == "/.." ? "/" : path.substr(3);
    } else if (path == "." || path == "..")
      path = {};
    else {
      const std::string_view segment = path.substr(0, path.find('/', 1));
      out += segment;
      path.remove_prefix(segment.size());
    }
  }
  return out;
}

std::string merge(const Uri& base, std::string_view path) {
  if (base.authority && base.path.empty()) return "/" + std::string(path);
  std::string merged(base.path.substr(0, base.path.rfind('/') + 1));
  return merged.append(path);
}

void append_part(std::string& out, char mark, const std::optional<std::string_view>& part) {
  if (part) out.append(1, mark).append(*part);
}

}  // namespace

std::string resolve_uri(std::string_view base_text, std::string_view reference_text) {
  const Uri base = parse(base_text);
  const Uri reference = parse(reference_text);
  Uri target = reference;
  std::string path;
  if (reference.scheme || reference.authority || reference.path.starts_with('/')) {
    path = remove_dot_segments(reference.path);
  } else if (reference.path.empty()) {
    path = base.path;
    if (!reference.query) target.query = base.query;
  } else {
    path = remove_dot_segments(merge(base, reference.path));
  }
  if (!reference.scheme) target.scheme = base.scheme;
  if (!reference.scheme && !reference.authority) target.authority = base.authority;
  std::string out;
  if (target.scheme) out.append(*target.scheme).append(":");
  if (target.authority) out.append("//").append(*target.authority);
  out.append(path);
  append_part(out, '?', target.query);
  append_part(out, '#', target.fragment);
  return out;
}

std::pair<std::string_view, std::string_view> split_fragment(std::string_view uri) {
  const std::size_t mark = uri.find('#');
  if (mark == std::string_view::npos) return {uri, {}};
  return {uri.substr(0, mark), uri.substr(mark + 1)};
}

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char* const digits = text.data() + i + 1;
    const bool coded = text[i] == '%' && i + 2 < text.size() &&
                       std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2;
    out += coded ? static_cast<char>(byte) : text[i];
    if (coded) i += 2;
  }
  return out;
}

}  // namespace troupe::schema
