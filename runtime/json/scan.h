#pragma once

#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// Steps through the bytes of *valid* JSON without building anything. Every function takes a
// position and the end, and returns a position not past the end: on text that is not valid the
// answer is meaningless, but no byte outside is read.
namespace troupe::json::scan {

inline bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

inline const char* skip_space(const char* at, const char* end) {
  while (at != end && is_space(*at)) ++at;
  return at;
}

/// The next quote or backslash: what ends a run of plain characters inside a string.
inline const char* find_quote_or_backslash(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  for (; end - at >= 16; at += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const int hits = _mm_movemask_epi8(
        _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash)));
    if (hits != 0) return at + __builtin_ctz(static_cast<unsigned>(hits));
  }
#endif
  while (at != end && *at != '"' && *at != '\\') ++at;
  return at;
}

/// As above, and stops at control characters, which a string may not contain.
inline const char* find_string_special(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i control_max = _mm_set1_epi8(0x1F);
  for (; end - at >= 16; at += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    // min(x, 0x1F) == x says x <= 0x1F for unsigned bytes, which SSE2 cannot compare directly.
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, control_max), block);
    const __m128i mark =
        _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash));
    const int hits = _mm_movemask_epi8(_mm_or_si128(control, mark));
    if (hits != 0) return at + __builtin_ctz(static_cast<unsigned>(hits));
  }
#endif
  while (at != end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20) ++at;
  return at;
}

/// The next quote or bracket of either kind.
inline const char* find_quote_or_bracket(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i fold = _mm_set1_epi8(0x20);  // maps [ to { and ] to }
  const __m128i opening = _mm_set1_epi8('{');
  const __m128i closing = _mm_set1_epi8('}');
  for (; end - at >= 16; at += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i folded = _mm_or_si128(block, fold);
    const __m128i bracket =
        _mm_or_si128(_mm_cmpeq_epi8(folded, opening), _mm_cmpeq_epi8(folded, closing));
    const int hits = _mm_movemask_epi8(_mm_or_si128(bracket, _mm_cmpeq_epi8(block, quote)));
    if (hits != 0) return at + __builtin_ctz(static_cast<unsigned>(hits));
  }
#endif
  while (at != end && *at != '"' && (*at | 0x20) != '{' && (*at | 0x20) != '}') ++at;
  return at;
}

/// From an opening quote to past the closing one.
inline const char* skip_string(const char* at, const char* end) {
  ++at;
  while (true) {
    at = find_quote_or_backslash(at, end);
    if (at == end) return end;
    if (*at == '"') return at + 1;
    if (end - at < 2) return end;
    at += 2;
  }
}

/// From an opening bracket to past its closing one, by counting: valid brackets match.
inline const char* skip_container(const char* at, const char* end) {
  std::size_t open = 0;
  while (true) {
    at = find_quote_or_bracket(at, end);
    if (at == end) return end;
    if (*at == '"') {
      at = skip_string(at, end);
      continue;
    }
    if ((*at | 0x20) == '{')
      ++open;
    else if (--open == 0)
      return at + 1;
    ++at;
  }
}

/// From the first byte of a value to past its last.
inline const char* skip_value(const char* at, const char* end) {
  if (at == end) return end;
  if (*at == '"') return skip_string(at, end);
  if (*at == '{' || *at == '[') return skip_container(at, end);
  while (at != end && *at != ',' && *at != ']' && *at != '}' && !is_space(*at)) ++at;
  return at;
}

/// How deep containers stand inside containers; 0 for a scalar.
inline std::size_t depth(std::string_view value) {
  const char* const end = value.data() + value.size();
  std::size_t open = 0;
  std::size_t deepest = 0;
  for (const char* at = find_quote_or_bracket(value.data(), end); at != end;
       at = find_quote_or_bracket(at, end)) {
    if (*at == '"') {
      at = skip_string(at, end);
      continue;
    }
    if ((*at | 0x20) == '{')
      deepest = ++open > deepest ? open : deepest;
    else if (open > 0)
      --open;
    ++at;
  }
  return deepest;
}

inline std::string_view view(const char* from, const char* to) {
  return {from, static_cast<std::size_t>(to - from)};
}

/// The text between the quotes of a string, escapes as they are; empty for another value.
inline std::string_view string_body(std::string_view value) {
  if (value.size() < 2 || value.front() != '"') return {};
  return value.substr(1, value.size() - 2);
}

/// Calls `visit(value)` for each element until it returns false.
template <class Visit>
void each_element(std::string_view array, Visit&& visit) {
  const char* const end = array.data() + array.size();
  const char* at = skip_space(array.data(), end);
  if (at == end || *at != '[') return;
  while (true) {
    const char* const start = skip_space(at + 1, end);
    if (start == end || *start == ']') return;
    at = skip_value(start, end);
    if (!visit(view(start, at))) return;
    at = skip_space(at, end);
    if (at == end || *at != ',') return;
  }
}

/// Calls `visit(key_body, value)` for each member until it returns false; the key has its escapes.
template <class Visit>
void each_member(std::string_view object, Visit&& visit) {
  const char* const end = object.data() + object.size();
  const char* at = skip_space(object.data(), end);
  if (at == end || *at != '{') return;
  while (true) {
    const char* const key = skip_space(at + 1, end);
    if (key == end || *key != '"') return;
    const char* const key_end = skip_string(key, end);
    at = skip_space(key_end, end);
    if (at == end || *at != ':') return;
    const char* const start = skip_space(at + 1, end);
    at = skip_value(start, end);
    if (!visit(string_body(view(key, key_end)), view(start, at))) return;
    at = skip_space(at, end);
    if (at == end || *at != ',') return;
  }
}

}  // namespace troupe::json::scan
