#include "adapters/metrics/registry.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>
#include <sstream>

#include "adapters/metrics/names.h"
#include "runtime/base/ensure.h"

namespace troupe::metrics {
namespace {

constexpr std::size_t kChildrenMax = 2000;
constexpr std::string_view kPrefix = "troupe_";
constexpr std::string_view kOther = "other";

prometheus::Histogram::BucketBoundaries bounds(Buckets buckets) {
  switch (buckets) {
    case Buckets::kSeconds:
      return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
              0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
    case Buckets::kLongSeconds: return {0.001, 0.01, 0.1, 1, 10, 60, 600, 3600, 86400};
    case Buckets::kRecords: return {1, 4, 16, 64, 256, 1024, 4096};
    case Buckets::kNone: break;
  }
  return {};
}

class CounterChild final : public Counter {
 public:
  explicit CounterChild(prometheus::Counter& inner) : inner_(inner) {}
  using Counter::add;
  void add(double amount) override { inner_.Increment(amount); }

 private:
  prometheus::Counter& inner_;
};

class GaugeChild final : public Gauge {
 public:
  explicit GaugeChild(prometheus::Gauge& inner) : inner_(inner) {}
  void set(double value) override { inner_.Set(value); }

 private:
  prometheus::Gauge& inner_;
};

class HistogramChild final : public Histogram {
 public:
  explicit HistogramChild(prometheus::Histogram& inner) : inner_(inner) {}
  void observe(double value) override { inner_.Observe(value); }

 private:
  prometheus::Histogram& inner_;
};

/// One metric with its children by label values. Exactly one of the families is set.
struct Family {
  const Name* name = nullptr;
  prometheus::Family<prometheus::Counter>* counters = nullptr;
  prometheus::Family<prometheus::Gauge>* gauges = nullptr;
  prometheus::Family<prometheus::Histogram>* histograms = nullptr;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<Counter>> counter_children;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<Gauge>> gauge_children;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<Histogram>> histogram_children;
};

std::map<std::string, std::string> labels(const Name& name, std::string_view label1,
                                          std::string_view label2) {
  std::map<std::string, std::string> labels;
  if (!name.label1.empty()) labels.emplace(name.label1, label1);
  if (!name.label2.empty()) labels.emplace(name.label2, label2);
  return labels;
}

/// The child for these label values, made by `make` when it is new.
template <class Child, class Make>
Child& child(std::map<std::pair<std::string, std::string>, std::unique_ptr<Child>>& children,
             std::string_view label1, std::string_view label2, Make make) {
  auto key = std::pair<std::string, std::string>(label1, label2);
  auto at = children.find(key);
  if (at == children.end() && children.size() >= kChildrenMax) {
    key = {label1.empty() ? "" : std::string(kOther), label2.empty() ? "" : std::string(kOther)};
    at = children.find(key);
  }
  if (at == children.end()) at = children.emplace(key, make(key.first, key.second)).first;
  return *at->second;
}

}  // namespace

struct Registry::State {
  std::mutex mutex;
  prometheus::Registry registry;
  std::map<std::string_view, Family> families;

  Family& family(std::string_view name, Kind kind) {
    if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
    const auto at = families.find(name);
    TROUPE_ENSURE(at != families.end() && at->second.name->kind == kind);
    return at->second;
  }
};

Registry::Registry(std::string_view version) : state_(std::make_unique<State>()) {
  for (const Name& name : names()) {
    Family& family = state_->families[name.name];
    family.name = &name;
    const std::string full = std::string(kPrefix) + std::string(name.name);
    const std::string help(name.help);
    auto& registry = state_->registry;
    switch (name.kind) {
      case Kind::kCounter:
        family.counters = &prometheus::BuildCounter().Name(full).Help(help).Register(registry);
        if (name.label1.empty()) counter(name.name, {}, {});
        break;
      case Kind::kGauge:
        family.gauges = &prometheus::BuildGauge().Name(full).Help(help).Register(registry);
        if (name.label1.empty()) gauge(name.name, {}, {});
        break;
      case Kind::kHistogram:
        family.histograms = &prometheus::BuildHistogram().Name(full).Help(help).Register(registry);
        if (name.label1.empty()) histogram(name.name, {}, {});
        break;
    }
  }
  gauge("build_info", version, {}).set(1);
}

Registry::~Registry() = default;

Counter& Registry::counter(std::string_view name, std::string_view label1,
                           std::string_view label2) {
  const std::lock_guard lock(state_->mutex);
  Family& family = state_->family(name, Kind::kCounter);
  return child(family.counter_children, label1, label2, [&](const auto& one, const auto& two) {
    return std::make_unique<CounterChild>(family.counters->Add(labels(*family.name, one, two)));
  });
}

Gauge& Registry::gauge(std::string_view name, std::string_view label1, std::string_view label2) {
  const std::lock_guard lock(state_->mutex);
  Family& family = state_->family(name, Kind::kGauge);
  return child(family.gauge_children, label1, label2, [&](const auto& one, const auto& two) {
    return std::make_unique<GaugeChild>(family.gauges->Add(labels(*family.name, one, two)));
  });
}

Histogram& Registry::histogram(std::string_view name, std::string_view label1,
                               std::string_view label2) {
  const std::lock_guard lock(state_->mutex);
  Family& family = state_->family(name, Kind::kHistogram);
  return child(family.histogram_children, label1, label2, [&](const auto& one, const auto& two) {
    return std::make_unique<HistogramChild>(
        family.histograms->Add(labels(*family.name, one, two), bounds(family.name->buckets)));
  });
}

std::string Registry::exposition() {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, state_->registry.Collect());
  return out.str();
}

}  // namespace troupe::metrics
