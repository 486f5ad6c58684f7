#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "runtime/base/random.h"
#include "runtime/port/log.h"
#include "runtime/port/metrics.h"
#include "runtime/port/script.h"
#include "runtime/port/system.h"

// The small ports of a simulated node.

namespace troupe::simulation {

/// Time that passes only when the simulation says so. Once armed, the next question throws: that is
/// how a run's actor is made to crash.
class SimClock final : public Clock {
 public:
  TimePoint now() const override {
    if (armed_) {
      armed_ = false;
      ++thrown_;
      thrown_at_ = now_;
      throw std::runtime_error("a crash that the simulation asked for");
    }
    return now_;
  }
  Duration since_boot() const override { return now_ - TimePoint{}; }
  TimePoint peek() const { return now_; }
  void advance(Duration by) { now_ = now_ + by; }
  void arm(bool on) { armed_ = on; }
  int thrown() const { return thrown_; }
  TimePoint thrown_at() const { return thrown_at_; }

 private:
  TimePoint now_{1'795'316'400'000'000};
  mutable bool armed_ = false;
  mutable int thrown_ = 0;
  mutable TimePoint thrown_at_;
};

class SimEntropy final : public Entropy {
 public:
  explicit SimEntropy(std::uint64_t seed) : random_(seed) {}
  std::uint64_t next() override { return random_.next(); }

 private:
  Random random_;
};

class AnySyntax final : public ScriptSyntax {
 public:
  Status check(std::string_view, std::string_view) const override { return ok(); }
};

class NoPatterns final : public PatternCompiler {
 public:
  Result<std::shared_ptr<const Pattern>> compile(std::string_view) const override {
    return Error{Code::kSchemaInvalid, "the simulation uses no patterns", {}};
  }
};

/// Passes lines on for the reader of a failure, and keeps those that tell of a run that could not
/// be recovered or was set aside, or of nodes that do not understand each other.
class SimLog final : public Logger {
 public:
  bool enabled(LogLevel level) const override { return level >= LogLevel::kInfo; }
  void log(LogLevel, std::string_view message, std::initializer_list<LogField> fields) override {
    std::string line(message);
    for (const LogField& field : fields) {
      line += " " + std::string(field.key) + "=" + field.text;
    }
    if (note) note(line);
    if (message == "a run is quarantined") set_aside = line;
    if (message == "a run cannot be recovered" ||
        message == "a message of another node was dropped") {
      complaint = line;
    }
  }
  std::function<void(const std::string&)> note;
  std::string complaint, set_aside;
};

class NoMetrics final : public Metrics {
 public:
  Counter& counter(std::string_view, std::string_view, std::string_view) override {
    return counter_;
  }
  Gauge& gauge(std::string_view, std::string_view, std::string_view) override { return gauge_; }
  Histogram& histogram(std::string_view, std::string_view, std::string_view) override {
    return histogram_;
  }

 private:
  struct NoCounter final : Counter {
    void add(double) override {}
  };
  struct NoGauge final : Gauge {
    void set(double) override {}
  };
  struct NoHistogram final : Histogram {
    void observe(double) override {}
  };
  NoCounter counter_;
  NoGauge gauge_;
  NoHistogram histogram_;
};

}  // namespace troupe::simulation
