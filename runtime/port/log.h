#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace troupe {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

/// One named value of a log line. Numbers stay numbers in JSON lines.
struct LogField {
  enum class Kind : std::uint8_t { kText, kNumber };
  LogField(std::string_view key, std::string_view text) : key(key), text(text) {}
  LogField(std::string_view key, const char* text) : key(key), text(text) {}
  LogField(std::string_view key, const std::string& text) : key(key), text(text) {}
  LogField(std::string_view key, std::int64_t number)
      : key(key), kind(Kind::kNumber), text(std::to_string(number)) {}
  LogField(std::string_view key, std::uint64_t number)
      : key(key), kind(Kind::kNumber), text(std::to_string(number)) {}
  LogField(std::string_view key, int number) : LogField(key, static_cast<std::int64_t>(number)) {}

  std::string_view key;
  Kind kind = Kind::kText;
  std::string text;
};

/// The process's own log, for operators. Thread-safe; a line that cannot be written is lost
/// silently, because nothing may fail for want of a log. Secrets and bodies of tenants do not
/// belong in it.
class Logger {
 public:
  virtual ~Logger() = default;
  virtual bool enabled(LogLevel level) const = 0;
  virtual void log(LogLevel level, std::string_view message,
                   std::initializer_list<LogField> fields) = 0;

  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
    if (enabled(LogLevel::kDebug)) log(LogLevel::kDebug, message, fields);
  }
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    if (enabled(LogLevel::kInfo)) log(LogLevel::kInfo, message, fields);
  }
  void warning(std::string_view message, std::initializer_list<LogField> fields = {}) {
    if (enabled(LogLevel::kWarning)) log(LogLevel::kWarning, message, fields);
  }
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) {
    if (enabled(LogLevel::kError)) log(LogLevel::kError, message, fields);
  }
};

}  // namespace troupe
