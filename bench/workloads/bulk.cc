// W12: one job stops N runs that sleep, while another workspace asks for single runs: how long the
// job takes, and what the neighbour feels of it.

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>

#include "bench/rig.h"
#include "runtime/bulk/job.h"

namespace troupe::bench {
namespace {

const char* kGraph =
    R"({"steps":[{"id":"w","name":"w","type":"wait_event","event":"never"}]})";

bulk::Job begin_job(Rig& rig) {
  bulk::Job job;
  job.id = *rig.engine().new_job_id();
  job.workspace = rig.scope().workspace;
  job.project = rig.scope().project;
  job.created = rig.clock().now();
  store::Change change;
  change.put.push_back(bulk::encode(job, job.created));
  const auto made = await<Unit>([&](Callback<Unit> done) {
    rig.engine().write([&job, change, done](store::Writer& writer) {
      const Status written = writer.change({job.id}, job.created,
                                           [&](store::Documents&) { return change; });
      done(written ? Result<Unit>(Unit{}) : Result<Unit>(written.error()));
    });
  });
  if (!made) throw std::runtime_error(made.error().message);
  rig.engine().look_for_jobs();
  return job;
}

bulk::Job read_job(Rig& rig, const Uuid& id) {
  const auto row = await<std::optional<store::Document>>([&](auto done) {
    rig.engine().read([id, done](store::Reader& reader) {
      done(reader.documents(store::DocumentScope::all()).find(store::DocumentKind::kJob, id));
    });
  });
  if (!row || !*row) throw std::runtime_error("the job is not there");
  auto job = bulk::decode(**row);
  if (!job) throw std::runtime_error(job.error().message);
  return *std::move(job);
}

}  // namespace

Figures run_bulk(Rig& rig, const Settings& settings) {
  const std::uint64_t sleepers = settings.n > 0 ? settings.n : 100'000;
  const StartRequest request = rig.request(rig.publish(kGraph));
  const store::TenantScope other = rig.new_workspace("neighbour");
  const StartRequest single = request_of(other, rig.publish(chain_graph(1), other));
  for (int i = 0; i < 50; ++i) rig.timed_run(single);
  for (std::uint64_t parked = 0; parked < sleepers;) {
    std::vector<BatchItem> items(std::min<std::uint64_t>(1000, sleepers - parked));
    const auto accepted = await<std::vector<RunId>>([&](Callback<std::vector<RunId>> done) {
      rig.engine().start_batch(request, items, std::move(done));
    });
    if (!accepted) throw std::runtime_error(accepted.error().message);
    parked += accepted->size();
  }
  wait_parked(rig, sleepers);

  std::vector<double> alone;
  for (int i = 0; i < 300; ++i) alone.push_back(rig.timed_run(single));
  const double begun = monotonic_s();
  bulk::Job job = begin_job(rig);
  std::vector<double> beside;
  while (job.status == bulk::JobStatus::kRunning) {
    beside.push_back(rig.timed_run(single));
    job = read_job(rig, job.id);
  }
  Figures figures;
  figures.n = sleepers;
  figures.seconds = monotonic_s() - begun;
  figures.runs_per_s = static_cast<double>(job.done) / figures.seconds;
  if (job.done != sleepers) throw std::runtime_error("the job has not stopped every run");
  figures.more.emplace_back("stop_all_s", figures.seconds);
  figures.more.emplace_back("neighbour_p99_alone_ms", quantile(alone, 0.99));
  figures.more.emplace_back("neighbour_p99_beside_ms", quantile(beside, 0.99));
  return figures;
}

}  // namespace troupe::bench
