#include "adapters/mail/message.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace troupe::mail {
namespace {

/// "Mon, 23 Nov 2026 16:36:09 +0000", whatever language the process speaks.
std::string date_of(TimePoint time) {
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = time.us / 1'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d +0000",
                kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                utc.tm_min, utc.tm_sec);
  return text.data();
}

}  // namespace

std::string_view domain_of(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return at == std::string_view::npos ? "localhost" : address.substr(at + 1);
}

std::string render(const Mail& mail, std::string_view from, TimePoint now, std::string_view id) {
  std::string out;
  const auto field = [&](std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
  };
  field("Date", date_of(now));
  field("From", from);
  field("To", mail.to);
  field("Message-ID", "<" + std::string(id) + "@" + std::string(domain_of(from)) + ">");
  field("Subject", mail.subject);
  field("MIME-Version", "1.0");
  field("Content-Type", "text/plain; charset=utf-8");
  field("Content-Transfer-Encoding", "8bit");
  // No machine answers a machine (RFC 3834).
  field("Auto-Submitted", "auto-generated");
  out += "\r\n";
  for (const char c : mail.text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') out += "\r\n";
    else out += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  return out;
}

}  // namespace troupe::mail
