#pragma once

#include <chrono>
#include <condition_variable>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>

#include "runtime/port/log.h"

namespace troupe::testing {

/// Keeps what was logged, and lets a test wait for it.
class KeptLog final : public Logger {
 public:
  bool enabled(LogLevel) const override { return true; }
  void log(LogLevel, std::string_view message,
           std::initializer_list<LogField> fields) override {
    const std::lock_guard lock(mutex_);
    text_.append(message);
    for (const LogField& field : fields) {
      text_.append(" ").append(field.key).append("=").append(field.text);
    }
    text_ += "\n";
    changed_.notify_all();
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }
  bool wait_for(std::string_view part) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20),
                             [&] { return text_.find(part) != std::string::npos; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
};

}  // namespace troupe::testing
