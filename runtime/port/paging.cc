#include "runtime/port/paging.h"

#include <cstdio>

namespace troupe::store {
namespace {

constexpr std::size_t kCursorSize = 1 + 3 * 16;

std::optional<std::uint64_t> parse_hex(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char c : digits) {
    int digit = 0;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else {
      return std::nullopt;
    }
    value = value << 4 | static_cast<std::uint64_t>(digit);
  }
  return value;
}

}  // namespace

std::string encode_cursor(ListKind kind, const Cursor& cursor) {
  char text[kCursorSize + 1];
  std::snprintf(text, sizeof text, "%c%016llx%016llx%016llx", static_cast<char>(kind),
                static_cast<unsigned long long>(cursor.at),
                static_cast<unsigned long long>(cursor.id.high),
                static_cast<unsigned long long>(cursor.id.low));
  return {text, kCursorSize};
}

Result<std::optional<Cursor>> decode_cursor(ListKind kind, std::string_view text) {
  if (text.empty()) return std::optional<Cursor>();
  const Error refused{Code::kInvalidRequest, "The cursor is not one that this list has given.", {}};
  if (text.size() != kCursorSize || text[0] != static_cast<char>(kind)) return refused;
  const auto at = parse_hex(text.substr(1, 16));
  const auto high = parse_hex(text.substr(17, 16));
  const auto low = parse_hex(text.substr(33, 16));
  if (!at || !high || !low) return refused;
  return std::optional<Cursor>(Cursor{static_cast<std::int64_t>(*at), Uuid{*high, *low}});
}

Result<Cursor> beginning_of(ListKind kind, const Page& page) {
  const auto from = decode_cursor(kind, page.cursor);
  if (!from) return from.error();
  return from->value_or(newest_first(kind) ? newest_end() : oldest_end());
}

bool visible(const TenantScope& scope, WorkspaceId workspace, ProjectId project) {
  return workspace == scope.workspace && (!scope.project || *scope.project == project);
}

bool visible(const TenantScope& scope, const Workflow& workflow) {
  const bool is_global = workflow.workspace == scope.workspace && !workflow.project.set();
  return is_global || visible(scope, workflow.workspace, workflow.project);
}

bool matches(const RunFilter& filter, const RunRow& row) {
  if (filter.workflow && *filter.workflow != row.workflow) return false;
  if (filter.status && *filter.status != row.status) return false;
  if (filter.external_id && !filter.external_id->empty() &&
      *filter.external_id != row.external_id) {
    return false;
  }
  if (filter.from.set() && row.created < filter.from) return false;
  if (filter.to.set() && row.created >= filter.to) return false;
  return filter.q.empty() || row.external_id.starts_with(filter.q) ||
         row.id.to_string().starts_with(filter.q);
}

std::optional<std::pair<Uuid, Uuid>> id_range(std::string_view prefix) {
  const std::string lowest = "00000000-0000-0000-0000-000000000000";
  const std::string highest = "ffffffff-ffff-ffff-ffff-ffffffffffff";
  if (prefix.size() > lowest.size()) return std::nullopt;
  const auto from = Uuid::parse(std::string(prefix) + lowest.substr(prefix.size()));
  const auto to = Uuid::parse(std::string(prefix) + highest.substr(prefix.size()));
  if (!from || !to || !from->to_string().starts_with(prefix)) return std::nullopt;
  return std::pair(*from, *to);
}

}  // namespace troupe::store
