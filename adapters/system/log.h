#pragma once

#include <memory>

#include "runtime/port/log.h"
#include "runtime/port/system.h"

namespace spdlog {
class logger;
}

namespace troupe::system {

enum class LogFormat : std::uint8_t { kText, kJsonLines };

/// The log on standard error: one line per entry, for people or as JSON lines. Any thread; lines
/// are never mixed.
class StderrLogger final : public Logger {
 public:
  StderrLogger(LogLevel level, LogFormat format, const Clock& clock);
  ~StderrLogger() override;
  bool enabled(LogLevel level) const override { return level >= level_; }
  void log(LogLevel level, std::string_view message,
           std::initializer_list<LogField> fields) override;

 private:
  const LogLevel level_;
  const LogFormat format_;
  const Clock& clock_;
  std::unique_ptr<spdlog::logger> out_;
};

/// The line of an entry, without its end.
std::string format_line(LogFormat format, TimePoint at, LogLevel level, std::string_view message,
                        std::initializer_list<LogField> fields);

}  // namespace troupe::system
