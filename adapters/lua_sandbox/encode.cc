#include <array>
#include <charconv>
#include <cmath>

#include "adapters/lua_sandbox/values.h"

namespace troupe::lua_sandbox {
namespace {

enum class ByteKind : unsigned char { kPlain, kEscape, kLead };

constexpr std::array<ByteKind, 256> kByteKinds = [] {
  std::array<ByteKind, 256> kinds{};
  for (std::size_t i = 0; i < 256; ++i) {
    kinds[i] = i >= 0x80                           ? ByteKind::kLead
               : i < 0x20 || i == '"' || i == '\\' ? ByteKind::kEscape
                                                   : ByteKind::kPlain;
  }
  return kinds;
}();

/// Bytes of the UTF-8 sequence at `at`; 0 if it is none.
std::size_t sequence(const unsigned char* at, const unsigned char* end) {
  const auto tail = [&](int i) { return (at[i] & 0xC0) == 0x80; };
  const unsigned char lead = at[0];
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return end - at >= 2 && tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead < 0xF0) {
    if (end - at < 3 || !tail(1) || !tail(2)) return 0;
    if (lead == 0xE0 && at[1] < 0xA0) return 0;
    if (lead == 0xED && at[1] >= 0xA0) return 0;
    return 3;
  }
  if (lead >= 0xF0 && lead < 0xF5) {
    if (end - at < 4 || !tail(1) || !tail(2) || !tail(3)) return 0;
    if (lead == 0xF0 && at[1] < 0x90) return 0;
    if (lead == 0xF4 && at[1] >= 0x90) return 0;
    return 4;
  }
  return 0;
}

void append_escape(std::string& out, unsigned char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  constexpr char kHex[] = "0123456789abcdef";
  out += "\\u00";
  out.push_back(kHex[c >> 4]);
  out.push_back(kHex[c & 15]);
}

}  // namespace

std::size_t utf8_prefix(std::string_view bytes) {
  const auto* const begin = reinterpret_cast<const unsigned char*>(bytes.data());
  const auto* const end = begin + bytes.size();
  const auto* at = begin;
  while (at < end) {
    const std::size_t size = sequence(at, end);
    if (size == 0) break;
    at += size;
  }
  return static_cast<std::size_t>(at - begin);
}

bool Encoder::value(int index) {
  if (out_->size() > bytes_max_) return fail("is over the size limit", Code::kResultTooLarge);
  switch (lua_type(lua_, index)) {
    case LUA_TNIL:
      out_->append("null");
      return true;
    case LUA_TBOOLEAN:
      out_->append(lua_toboolean(lua_, index) ? "true" : "false");
      return true;
    case LUA_TNUMBER:
      return number(index);
    case LUA_TSTRING: {
      std::size_t size = 0;
      const char* const bytes = lua_tolstring(lua_, index, &size);
      return string(bytes, size);
    }
    case LUA_TLIGHTUSERDATA:
      out_->append("null");
      return true;
    case LUA_TTABLE:
      return table(index);
    case LUA_TFUNCTION:
      return fail("is a function");
    default:
      return fail("is a userdata");
  }
}

bool Encoder::number(int index) {
  char text[40];
  if (lua_isinteger(lua_, index)) {
    const auto end = std::to_chars(text, text + sizeof text, lua_tointeger(lua_, index)).ptr;
    out_->append(text, end);
    return true;
  }
  const double real = lua_tonumber(lua_, index);
  if (std::isnan(real)) return fail("is not a number (NaN)");
  if (std::isinf(real)) return fail("is infinite");
  const auto end = std::to_chars(text, text + sizeof text, real).ptr;
  const std::string_view written(text, static_cast<std::size_t>(end - text));
  out_->append(written);
  // A float stays one: 2.0 must not come back as the integer 2.
  if (written.find_first_of(".e") == std::string_view::npos) out_->append(".0");
  return true;
}

bool Encoder::string(const char* bytes, std::size_t size) {
  if (size > bytes_max_ || out_->size() + size > bytes_max_) {
    return fail("is over the size limit", Code::kResultTooLarge);
  }
  const auto* at = reinterpret_cast<const unsigned char*>(bytes);
  const auto* const end = at + size;
  const auto* plain = at;
  const auto flush = [&] {
    out_->append(reinterpret_cast<const char*>(plain), static_cast<std::size_t>(at - plain));
  };
  out_->push_back('"');
  while (at < end) {
    switch (kByteKinds[*at]) {
      case ByteKind::kPlain:
        ++at;
        break;
      case ByteKind::kEscape:
        flush();
        append_escape(*out_, *at);
        plain = ++at;
        break;
      case ByteKind::kLead: {
        const std::size_t length = sequence(at, end);
        if (length == 0) return fail("is a string that is not UTF-8");
        at += length;
        break;
      }
    }
  }
  flush();
  out_->push_back('"');
  return true;
}

bool Encoder::table(int index) {
  const void* const self = lua_topointer(lua_, index);
  for (int i = 0; i < depth_; ++i) {
    if (path_[i].table == self) return fail("contains itself");
  }
  if (depth_ >= kDepthMax) return fail("is nested too deeply");
  if (!lua_checkstack(lua_, 6)) return fail("is nested too deeply");
  bool marked = false;
  if (lua_getmetatable(lua_, index)) {
    lua_rawgetp(lua_, LUA_REGISTRYINDEX, &kArrayMetatable);
    marked = lua_rawequal(lua_, -1, -2) != 0;
    lua_pop(lua_, 2);
  }
  path_[depth_++] = Step{self, nullptr, 0, 0};
  if (!array_or_object(index, marked)) return false;  // depth_ stays, for describe()
  --depth_;
  return true;
}

bool Encoder::array_or_object(int index, bool marked) {
  const std::size_t start = out_->size();
  Step& step = path_[depth_ - 1];
  lua_pushnil(lua_);
  if (lua_next(lua_, index) == 0) {
    out_->append(marked ? "[]" : "{}");
    return true;
  }
  if (lua_type(lua_, -2) == LUA_TSTRING) {
    out_->push_back('{');
    for (bool first = true;; first = false) {
      if (!object_member(index, first)) return false;
      if (lua_next(lua_, index) == 0) break;
    }
    out_->push_back('}');
    return true;
  }
  // Lua visits the array part first and in order, so one pass does for nearly every array.
  out_->push_back('[');
  for (lua_Integer expected = 1;; ++expected) {
    if (!lua_isinteger(lua_, -2) || lua_tointeger(lua_, -2) != expected) {
      lua_pop(lua_, 2);
      out_->resize(start);
      return sparse_array(index);
    }
    step.index = expected;
    if (expected > 1) out_->push_back(',');
    if (!value(lua_gettop(lua_))) return false;
    lua_pop(lua_, 1);
    if (lua_next(lua_, index) == 0) break;
  }
  out_->push_back(']');
  return true;
}

bool Encoder::object_member(int, bool first) {
  if (lua_type(lua_, -2) != LUA_TSTRING) {
    return fail("has keys of several kinds (only names, or only 1 to n)");
  }
  Step& step = path_[depth_ - 1];
  step.key = lua_tolstring(lua_, -2, &step.key_size);
  if (!first) out_->push_back(',');
  if (!string(step.key, step.key_size)) return false;
  out_->push_back(':');
  if (!value(lua_gettop(lua_))) return false;
  lua_pop(lua_, 1);
  step.key = nullptr;
  return true;
}

// The keys came in another order (they may lie in the hash part), or they are not 1 to n.
bool Encoder::sparse_array(int index) {
  Step& step = path_[depth_ - 1];
  step.index = 0;
  lua_Integer count = 0;
  lua_Integer largest = 0;
  for (lua_pushnil(lua_); lua_next(lua_, index) != 0; lua_pop(lua_, 1)) {
    if (!lua_isinteger(lua_, -2) || lua_tointeger(lua_, -2) < 1) {
      return fail("has keys that are neither names nor 1 to n");
    }
    largest = std::max(largest, lua_tointeger(lua_, -2));
    ++count;
  }
  if (largest != count) return fail("is an array with holes");
  out_->push_back('[');
  for (lua_Integer i = 1; i <= count; ++i) {
    step.index = i;
    if (i > 1) out_->push_back(',');
    lua_rawgeti(lua_, index, i);
    if (!value(lua_gettop(lua_))) return false;
    lua_pop(lua_, 1);
  }
  out_->push_back(']');
  return true;
}

void Encoder::describe(std::string& out, std::string_view root) const {
  out.append(root);
  for (int i = 0; i < depth_; ++i) {
    const Step& step = path_[i];
    if (step.key != nullptr) {
      const std::string_view key(step.key, std::min<std::size_t>(step.key_size, 64));
      out.push_back('.');
      out.append(key.substr(0, utf8_prefix(key)));
    } else if (step.index > 0) {
      out.append("[").append(std::to_string(step.index)).append("]");
    }
  }
  out.append(" ").append(problem_ == nullptr ? "is not JSON" : problem_);
}

}  // namespace troupe::lua_sandbox
