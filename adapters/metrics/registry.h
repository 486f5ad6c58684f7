#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "runtime/port/engine.h"
#include "runtime/port/metrics.h"

namespace troupe::metrics {

/// All metrics of a process. Thread-safe; outlives everyone who keeps a reference to one of its
/// children. A family without labels is shown from the start, with zero. Beyond 2,000 children a
/// family counts under the label value "other", so that no caller can grow it without bound.
class Registry final : public Metrics, public MetricsText {
 public:
  /// `version` becomes the label of build_info.
  explicit Registry(std::string_view version);
  ~Registry() override;

  Counter& counter(std::string_view name, std::string_view label1,
                   std::string_view label2) override;
  Gauge& gauge(std::string_view name, std::string_view label1, std::string_view label2) override;
  Histogram& histogram(std::string_view name, std::string_view label1,
                       std::string_view label2) override;
  std::string exposition() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace troupe::metrics
