#include "adapters/sqlite/examination.h"

#include <algorithm>

#include "adapters/sqlite/database.h"
#include "adapters/sqlite/schema.h"
#include "adapters/sqlite/stored_file.h"
#include "adapters/sqlite/wal_damage.h"

namespace troupe::sqlite {
namespace {

constexpr std::size_t kDamageMax = 20;

/// Hears of the pages that do not have their seals; SQLite's own report gives only error codes.
class PagesHeardOf final : public Logger {
 public:
  bool enabled(LogLevel) const override { return true; }
  void log(LogLevel, std::string_view message, std::initializer_list<LogField> fields) override {
    std::string line(message);
    for (const LogField& field : fields) line += ", " + std::string(field.key) + " " + field.text;
    if (std::find(lines_.begin(), lines_.end(), line) == lines_.end()) lines_.push_back(line);
  }
  bool any() const { return !lines_.empty(); }
  std::vector<std::string> take() { return std::move(lines_); }

 private:
  std::vector<std::string> lines_;
};

/// The lines of a report that say more than that a page could not be read.
void add_findings(std::string_view report, std::vector<std::string>& damage) {
  while (!report.empty()) {
    const std::string_view line = report.substr(0, report.find('\n'));
    report.remove_prefix(std::min(report.size(), line.size() + 1));
    if (line == "ok" || line.starts_with("***")) continue;
    if (line.find("unable to get the page") != std::string_view::npos) continue;
    damage.emplace_back(line);
  }
}

/// What SQLite finds; pages without their seals go to the connection's log.
std::vector<std::string> check_tables(Database& db, const PagesHeardOf& pages) {
  std::vector<std::string> damage;
  Statement check = db.prepare("PRAGMA integrity_check(" + std::to_string(kDamageMax) + ")");
  for (;;) {
    const Result<bool> row = check.step();
    if (!row && !pages.any()) damage.push_back(row.error().message);
    if (!row || !*row) return damage;
    add_findings(check.blob_at(0), damage);
  }
}

}  // namespace

Result<Examination> examine(const Options& options) {
  if (Status intact = check_wal(options.path); !intact) return intact.error();
  if (Status ready = make_file_ready(options.path); !ready) return ready.error();
  PagesHeardOf pages_heard_of;
  auto db = Database::open(options.path, Database::Mode::kRead, options.vfs, &pages_heard_of);
  if (!db) return db.error();
  if (Status done = configure_reader(**db, options); !done) return done.error();
  const ReadTransaction look(**db);
  const auto pages = (*db)->query_integer("PRAGMA page_count");
  if (!pages) return pages.error();
  const std::vector<std::string> tables = check_tables(**db, pages_heard_of);
  Examination examination{static_cast<std::uint64_t>(*pages), pages_heard_of.take()};
  for (const std::string& line : tables) examination.damage.push_back(line);
  if (examination.damage.size() > kDamageMax) examination.damage.resize(kDamageMax);
  return examination;
}

}  // namespace troupe::sqlite
