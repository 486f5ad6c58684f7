#pragma once

#include <string_view>

namespace troupe {

/// A number that only grows. Thread-safe and cheap: callers keep the reference.
class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(double amount) = 0;
  void add() { add(1); }
};
/// A number that goes up and down.
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void set(double value) = 0;
};
/// A distribution; buckets are fixed by its name in the adapter.
class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void observe(double value) = 0;
};

/// The metrics of API.md §5 by name and label values; bounded, so references may be kept for good.
/// An unknown name is a bug. Labels are given in the order of the metric's label names.
class Metrics {
 public:
  virtual ~Metrics() = default;
  virtual Counter& counter(std::string_view name,
                           std::string_view label1 = {},
                           std::string_view label2 = {}) = 0;
  virtual Gauge& gauge(std::string_view name,
                       std::string_view label1 = {},
                       std::string_view label2 = {}) = 0;
  virtual Histogram& histogram(std::string_view name,
                               std::string_view label1 = {},
                               std::string_view label2 = {}) = 0;
};

}  // namespace troupe
