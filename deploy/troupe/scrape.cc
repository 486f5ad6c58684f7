#include "deploy/troupe/scrape.h"

#include <sys/statvfs.h>

#include <array>
#include <utility>

namespace troupe::cli {

Scrape::Scrape(MetricsText& text,
               Metrics& metrics,
               const lua_sandbox::Metrics& sandbox,
               Engine& engine,
               std::string data_dir)
    : text_(text),
      metrics_(metrics),
      sandbox_(sandbox),
      engine_(engine),
      data_dir_(std::move(data_dir)),
      kills_seen_(5) {
  show_open_runs();
}

void Scrape::count_kills() {
  const std::array<std::pair<const char*, const std::atomic<std::uint64_t>*>, 5> reasons = {{
      {"timeout", &sandbox_.kills_timeout},
      {"cancelled", &sandbox_.kills_cancelled},
      {"unresponsive", &sandbox_.kills_unresponsive},
      {"protocol", &sandbox_.kills_protocol},
      {"lost", &sandbox_.children_lost},
  }};
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    const std::uint64_t now = reasons[i].second->load();
    metrics_.counter("sandbox_kills_total", reasons[i].first)
        .add(static_cast<double>(now - kills_seen_[i]));
    kills_seen_[i] = now;
  }
}

void Scrape::show_open_runs() {
  {
    const std::lock_guard lock(open_runs_->mutex);
    for (std::size_t i = 0; i < open_runs_->counts.size(); ++i) {
      metrics_.gauge("runs_open", store::name(static_cast<store::RunStatus>(i)))
          .set(static_cast<double>(open_runs_->counts[i]));
    }
  }
  engine_.read([open = open_runs_](store::Reader& reader) {
    Result<std::vector<std::uint64_t>> counts = reader.open_runs();
    if (!counts) return;
    const std::lock_guard lock(open->mutex);
    open->counts = std::move(*counts);
  });
}

void Scrape::show_health() {
  for (const Health& one : engine_.health()) {
    metrics_.gauge("ready", one.name).set(one.ready ? 1 : 0);
    if (one.name == "nats") metrics_.gauge("nats_connected").set(one.ready ? 1 : 0);
  }
}

void Scrape::show_disk() {
  struct statvfs info {};
  if (::statvfs(data_dir_.c_str(), &info) != 0) return;
  const auto block = static_cast<double>(info.f_frsize);
  metrics_.gauge("data_dir_free_bytes").set(static_cast<double>(info.f_bavail) * block);
  metrics_.gauge("data_dir_size_bytes").set(static_cast<double>(info.f_blocks) * block);
}

std::string Scrape::exposition() {
  count_kills();
  show_open_runs();
  show_health();
  show_disk();
  for (const auto& [kind, count] : engine_.actor_counts()) {
    metrics_.gauge("actors", kind).set(static_cast<double>(count));
  }
  return text_.exposition();
}

}  // namespace troupe::cli
