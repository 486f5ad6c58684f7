#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <lua.hpp>

#include "runtime/base/error.h"

// JSON text to Lua values and back (API.md, "Lua and JSON").
//
// Lua raises errors by longjmp, which skips destructors: nothing here may keep an object with a
// destructor on the C++ stack while it calls Lua; strings belong to the caller.
namespace troupe::lua_sandbox {

inline constexpr int kDepthMax = 64;

/// Keys of the registry: their addresses are what counts.
inline constexpr char kArrayMetatable = 'a';  ///< marks a table that is an array, even if empty

/// json.null: a light userdata, the only one a script can hold.
inline void push_null(lua_State* lua) { lua_pushlightuserdata(lua, nullptr); }

/// Reads one JSON text strictly and pushes values. Members that are null are left out.
class Decoder {
 public:
  /// `scratch` holds strings while their escapes are read.
  Decoder(lua_State* lua, std::string_view text, std::string& scratch)
      : lua_(lua),
        begin_(text.data()),
        at_(begin_),
        end_(begin_ + text.size()),
        scratch_(&scratch) {}

  /// Pushes the one value that the text is. On failure the stack is unspecified.
  bool document();
  /// Opens an object and visits its members without decoding: see next_member.
  bool open_object();
  /// The next member as raw text; false at the end of the object, or on failure (see problem()).
  /// A key with escapes comes as it is written, with `plain` false.
  bool next_member(std::string_view& key, std::string_view& value, bool& plain);

  const char* problem() const { return problem_; }
  std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }

 private:
  bool value(int depth);
  bool object(int depth);
  bool array(int depth);
  bool string();
  bool string_with_escapes(const char* start);
  bool escape();
  bool four_digits(unsigned& unit);
  bool number();
  bool literal(std::string_view word);
  bool skip_value();
  bool skip_string();
  void skip_space() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  bool fail(const char* problem) {
    problem_ = problem;
    return false;
  }

  lua_State* lua_;
  const char* begin_;
  const char* at_;
  const char* end_;
  std::string* scratch_;
  const char* problem_ = nullptr;
  bool first_member_ = true;
};

/// Appends a Lua value as JSON. Raises no Lua error and runs no metamethod.
class Encoder {
 public:
  Encoder(lua_State* lua, std::string& out, std::size_t bytes_max)
      : lua_(lua), out_(&out), bytes_max_(out.size() + bytes_max) {}

  /// False if the value is not JSON: see code() and describe().
  bool encode(int index) { return value(lua_absindex(lua_, index)); }

  Code code() const { return code_; }
  /// Such as "result.items[3] is a function". Valid while the value is on the Lua stack.
  void describe(std::string& out, std::string_view root) const;

 private:
  struct Step {
    const void* table;
    const char* key;  ///< nullptr: an array, or the key is `index`
    std::size_t key_size;
    lua_Integer index;
  };

  bool value(int index);
  bool table(int index);
  bool array_or_object(int index, bool marked);
  bool sparse_array(int index);
  bool object_member(int table_index, bool first);
  bool string(const char* bytes, std::size_t size);
  bool number(int index);
  bool fail(const char* problem, Code code = Code::kResultNotJson) {
    problem_ = problem;
    code_ = code;
    return false;
  }

  lua_State* lua_;
  std::string* out_;
  std::size_t bytes_max_;
  int depth_ = 0;
  Step path_[kDepthMax + 1];
  const char* problem_ = nullptr;
  Code code_ = Code::kResultNotJson;
};

/// Length of the longest start of `bytes` that is UTF-8.
std::size_t utf8_prefix(std::string_view bytes);

}  // namespace troupe::lua_sandbox
