// What a tenant's reads of PostgreSQL cost; without a server's conninfo, of one of its own.
//   reader_bench [rounds] [conninfo]
// Prints one line per read: the time of one, as the median and the 99th percentile.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "adapters/postgres/postgres_store.h"
#include "adapters/system/hasher.h"
#include "tests/conformance/join_alone.h"
#include "tests/conformance/store_rows.h"
#include "tests/support/postgres_server.h"

namespace {

using namespace troupe;

constexpr int kWorkspaces = 10;
constexpr int kProjects = 10;
constexpr int kRuns = 200;  ///< of each project

double now_us() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double, std::micro>(Clock::now().time_since_epoch()).count();
}

void measure(const char* what, int rounds, const std::function<bool()>& read) {
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    const double from = now_us();
    TROUPE_ENSURE(read());
    times.push_back(now_us() - from);
  }
  std::sort(times.begin(), times.end());
  std::printf("%-32s p50 %8.1f us  p99 %8.1f us\n", what, times[times.size() / 2],
              times[times.size() * 99 / 100]);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5000;
  system::Blake2bHasher hasher;
  postgres::Options options;
  options.conninfo = argc > 2 ? argv[2] : testing::postgres_server().conninfo();
  auto store = postgres::PostgresStore::open(options, hasher);
  TROUPE_ENSURE(store.ok());
  testing::join(**store);
  testing::RowMaker make;
  store::TenantScope project;
  RunId run;
  for (int w = 0; w < kWorkspaces; ++w) {
    const auto workspace = make.id<WorkspaceId>();
    for (int p = 0; p < kProjects; ++p) {
      project = {workspace, make.id<ProjectId>()};
      store::Batch batch;
      for (int r = 0; r < kRuns; ++r) {
        batch.runs.push_back(make.run(project));
        batch.runs.back().status = static_cast<store::RunStatus>(r % 7);
      }
      run = batch.runs.back().id;
      TROUPE_ENSURE((*store)->writer().commit(batch).ok());
    }
  }
  const auto reader = (*store)->open_reader();
  const store::TenantScope whole{project.workspace, {}};
  for (const auto& [name, scope] : {std::pair("project", project), std::pair("workspace", whole)}) {
    const std::string of = std::string(", ") + name;
    measure(("one run" + of).c_str(), rounds, [&] { return reader->run(scope, run)->has_value(); });
    measure(("a page of 50 runs" + of).c_str(), rounds / 5,
            [&] { return reader->runs(scope, {}, {})->items.size() == 50; });
    measure(("a page of 20 completed" + of).c_str(), rounds / 5, [&] {
      store::RunFilter filter;
      filter.status = store::RunStatus::kCompleted;
      return reader->runs(scope, filter, {.limit = 20, .cursor = {}})->items.size() == 20;
    });
    measure(("no task" + of).c_str(), rounds,
            [&] { return reader->tasks_pending(scope, {}, {})->items.empty(); });
  }
  return 0;
}
