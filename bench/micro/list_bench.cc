// First pages of runs by each filter, over many runs: `list_bench sqlite|postgres [N]`.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/postgres/postgres_store.h"
#include "adapters/sqlite/sqlite_store.h"
#include "adapters/system/hasher.h"
#include "runtime/base/ensure.h"
#include "runtime/base/random.h"
#include "tests/conformance/join_alone.h"
#include "tests/conformance/temporary_directory.h"
#include "tests/support/postgres_server.h"

namespace troupe::bench {
namespace {

using store::RunFilter;
using store::RunRow;
using store::RunStatus;
using store::TenantScope;

constexpr int kProjects = 20;
constexpr int kAsks = 200;
constexpr std::int64_t kBegin = 1'760'000'000'000'000;

/// Runs of twenty projects, half of them in the first; one in a thousand is paused, one in ten
/// thousand of the rare workflow.
class Crowd {
 public:
  explicit Crowd(std::uint64_t count) : count_(count) {
    for (int i = 0; i < kProjects; ++i) projects_.push_back(ProjectId(id()));
  }
  void write(store::Writer& writer) {
    for (std::uint64_t n = 0; n < count_;) {
      store::Batch batch;
      for (; batch.runs.size() < 5000 && n < count_; ++n) batch.runs.push_back(row(n));
      TROUPE_ENSURE(writer.commit(batch).ok());
    }
  }
  TenantScope project() const { return {workspace, projects_[0]}; }
  TenantScope small_project() const { return {workspace, projects_[1]}; }
  TenantScope whole() const { return {workspace, std::nullopt}; }
  TimePoint at(double part) const {
    return {kBegin + static_cast<std::int64_t>(part * static_cast<double>(count_) * 1000)};
  }

  const WorkspaceId workspace{id()};
  const WorkflowId common{id()};
  const WorkflowId rare{id()};
  std::string some_id;

 private:
  Uuid id() { return {random_.next(), random_.next()}; }
  RunRow row(std::uint64_t n) {
    RunRow row;
    row.created = {kBegin + static_cast<std::int64_t>(n) * 1000};
    row.id = RunId(Uuid::v7(row.created, random_.next(), random_.next()));
    if (n == count_ / 2) some_id = row.id.to_string();
    row.workspace = workspace;
    row.project = n % 2 == 0 ? projects_[0] : projects_[random_.next() % kProjects];
    row.workflow = n % 10'000 == 0 ? rare : common;
    row.version = 1;
    row.status = n % 1000 == 0 ? RunStatus::kPaused
                               : n % 20 == 0 ? RunStatus::kFailed : RunStatus::kCompleted;
    row.trigger_type = "api";
    if (n % 2 == 0) row.external_id = "order-" + std::to_string(n);
    row.started = row.created;
    row.finished = {row.created.us + 50'000};
    row.steps_total = row.steps_done = 3;
    row.output = R"({"total":39.98})";
    return row;
  }

  const std::uint64_t count_;
  Random random_{1};
  std::vector<ProjectId> projects_;
};

void measure(store::Reader& reader, const char* store, const char* scope_name,
             const TenantScope& scope, const char* filter_name, const RunFilter& filter) {
  std::vector<double> ms;
  std::size_t rows = 0;
  for (int i = 0; i < kAsks; ++i) {
    const auto begun = std::chrono::steady_clock::now();
    const auto page = reader.runs(scope, filter, {50, ""});
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
    TROUPE_ENSURE(page.ok());
    rows = page->items.size();
    ms.push_back(took.count());
  }
  const double first = ms.front();
  std::sort(ms.begin(), ms.end());
  std::printf("{\"store\":\"%s\",\"scope\":\"%s\",\"filter\":\"%s\",\"rows\":%zu,\"first_ms\":%.2f,"
              "\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%.2f}\n",
              store, scope_name, filter_name, rows, first, ms[ms.size() / 2],
              ms[ms.size() * 99 / 100], ms.back());
  std::fflush(stdout);
}

void measure_all(store::Reader& reader, const char* store, const Crowd& crowd) {
  std::vector<std::pair<const char*, RunFilter>> filters(15);
  auto add = [&, n = std::size_t{0}](const char* name) mutable -> RunFilter& {
    filters[n].first = name;
    return filters[n++].second;
  };
  add("none");
  add("status completed").status = RunStatus::kCompleted;
  add("status paused").status = RunStatus::kPaused;
  add("status stopped (none)").status = RunStatus::kStopped;
  add("workflow common").workflow = crowd.common;
  add("workflow rare").workflow = crowd.rare;
  add("external_id").external_id = "order-4242";
  add("q of external_id, common").q = "order-";
  add("q of external_id, rare").q = "order-99990";
  add("q of id").q = crowd.some_id.substr(0, 13);
  RunFilter& narrow = add("from, to");
  narrow.from = crowd.at(0.4);
  narrow.to = crowd.at(0.41);
  RunFilter& both = add("workflow rare, status paused");
  both.workflow = crowd.rare;
  both.status = RunStatus::kPaused;
  RunFilter& old = add("status paused, to");
  old.status = RunStatus::kPaused;
  old.to = crowd.at(0.1);
  RunFilter& searched = add("q of external_id, status paused");
  searched.q = "order-";
  searched.status = RunStatus::kPaused;
  RunFilter& searched_rare = add("q of external_id, workflow rare");
  searched_rare.q = "order-";
  searched_rare.workflow = crowd.rare;
  for (const auto& [name, filter] : filters) {
    measure(reader, store, "project of half", crowd.project(), name, filter);
    measure(reader, store, "project of a fortieth", crowd.small_project(), name, filter);
    measure(reader, store, "workspace of 20 projects", crowd.whole(), name, filter);
  }
}

int run(const std::string& kind, std::uint64_t count) {
  const system::Blake2bHasher hasher;
  Crowd crowd(count);
  const testing::TemporaryDirectory folder;
  std::unique_ptr<store::Store> opened;
  if (kind == "postgres") {
    postgres::Options options;
    options.conninfo = testing::postgres_server().conninfo();
    auto made = postgres::PostgresStore::open(options, hasher);
    TROUPE_ENSURE(made.ok());
    opened = *std::move(made);
    testing::join(*opened);
  } else {
    sqlite::Options options;
    options.path = folder.file("troupe.db");
    auto made = sqlite::SqliteStore::open(options, hasher);
    TROUPE_ENSURE(made.ok());
    opened = *std::move(made);
  }
  crowd.write(opened->writer());
  measure_all(*opened->open_reader(), kind.c_str(), crowd);
  opened.reset();
  return 0;
}

}  // namespace
}  // namespace troupe::bench

int main(int count, char** arguments) {
  const std::string kind = count > 1 ? arguments[1] : "sqlite";
  const std::uint64_t runs = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1'000'000;
  return troupe::bench::run(kind, runs);
}
