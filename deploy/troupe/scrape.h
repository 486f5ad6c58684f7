#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/lua_sandbox/pool.h"
#include "runtime/port/engine.h"
#include "runtime/port/metrics.h"

namespace troupe::cli {

/// The metrics as text, with those that nobody counts as they happen: kills of the sandbox, health,
/// room on the disk, and open runs. The latter come from the store, which a scrape must not wait
/// for, so they are as old as the scrape before. Thread-safe; the engine may still answer when this
/// is gone.
class Scrape final : public MetricsText {
 public:
  Scrape(MetricsText& text,
         Metrics& metrics,
         const lua_sandbox::Metrics& sandbox,
         Engine& engine,
         std::string data_dir);
  std::string exposition() override;

 private:
  struct OpenRuns {
    std::mutex mutex;
    std::vector<std::uint64_t> counts;  ///< by RunStatus
  };

  void count_kills();
  void show_open_runs();
  void show_health();
  void show_disk();

  MetricsText& text_;
  Metrics& metrics_;
  const lua_sandbox::Metrics& sandbox_;
  Engine& engine_;
  const std::string data_dir_;
  std::mutex mutex_;
  std::vector<std::uint64_t> kills_seen_;
  std::shared_ptr<OpenRuns> open_runs_ = std::make_shared<OpenRuns>();
};

}  // namespace troupe::cli
