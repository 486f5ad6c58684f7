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

/// How many bytes of a control character begin here: of ASCII, or U+0080 to U+009F, which terminals
/// obey as well.
std::size_t control_at(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x20 || byte == 0x7f) return 1;
  const bool has_next = byte == 0xc2 && at + 1 < text.size();
  return has_next && static_cast<unsigned char>(text[at + 1]) < 0xa0 ? 2 : 0;
}

/// With a space for each: a line break would let a caller forge entries, others move a cursor.
std::string without_controls(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::size_t size = control_at(text, at);
    out += size == 0 ? text[at] : ' ';
    if (size > 1) ++at;
  }
  return out;
}

/// Whether a value can stand in a text line without quotes.
bool is_plain(std::string_view text) {
  if (text.empty() || text.find_first_of(" \"\\=") != std::string_view::npos) return false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (control_at(text, at) != 0) return false;
  }
  return true;
}

}  // namespace

std::string format_line(LogFormat format, TimePoint at, LogLevel level, std::string_view message,
                        std::initializer_list<LogField> fields) {
  if (format == LogFormat::kText) {
    std::string line = to_rfc3339(at) + ' ' + std::string(name(level)) + ' ';
    line += without_controls(message);
    for (const LogField& field : fields) {
      line += ' ' + std::string(field.key) + '=';
      line += is_plain(field.text) ? field.text : without_controls(json::quote(field.text));
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
