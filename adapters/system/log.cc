#include "adapters/system/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "runtime/json/write.h"

namespace troupe::system {
namespace {

std::string_view name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarning: return "warning";
    case LogLevel::kError: return "error";
  }
  return "error";
}

/// Whether a value can stand in a text line without quotes.
bool is_plain(std::string_view text) {
  return !text.empty() && text.find_first_of(" \"\\=\n\r\t") == std::string_view::npos;
}

}  // namespace

std::string format_line(LogFormat format, TimePoint at, LogLevel level, std::string_view message,
                        std::initializer_list<LogField> fields) {
  if (format == LogFormat::kText) {
    std::string line = to_rfc3339(at) + ' ' + std::string(name(level)) + ' ';
    // A line break in a message would let a caller forge entries.
    for (const char c : message) line += c == '\n' || c == '\r' ? ' ' : c;
    for (const LogField& field : fields) {
      line += ' ' + std::string(field.key) + '=';
      line += is_plain(field.text) ? field.text : json::quote(field.text);
    }
    return line;
  }
  json::Writer writer;
  writer.begin_object().member("at", to_rfc3339(at)).member("level", name(level));
  writer.member("message", message);
  for (const LogField& field : fields) {
    if (field.kind == LogField::Kind::kNumber) {
      writer.member_raw(field.key, field.text);
    } else {
      writer.member(field.key, field.text);
    }
  }
  return writer.end_object().take();
}

StderrLogger::StderrLogger(LogLevel level, LogFormat format, const Clock& clock)
    : level_(level),
      format_(format),
      clock_(clock),
      out_(std::make_unique<spdlog::logger>(
          "troupe", std::make_shared<spdlog::sinks::stderr_sink_mt>())) {
  out_->set_pattern("%v");
  out_->set_level(spdlog::level::trace);
  out_->flush_on(spdlog::level::trace);
}

StderrLogger::~StderrLogger() = default;

void StderrLogger::log(LogLevel level, std::string_view message,
                       std::initializer_list<LogField> fields) {
  if (!enabled(level)) return;
  const std::string line = format_line(format_, clock_.now(), level, message, fields);
  out_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace troupe::system
