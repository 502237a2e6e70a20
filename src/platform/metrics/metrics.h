// Counters, gauges and histograms, served at /metrics in the Prometheus text format. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace handschlag::metrics {

using Labels = std::map<std::string, std::string>;  // few values each; never personal data

class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(double amount = 1) = 0;
};
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void set(double value) = 0;
  virtual void add(double amount) = 0;  // negative to take away
};
class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void observe(double value) = 0;  // seconds, unless the name says otherwise
};

class Registry {
 public:
  Registry();
  ~Registry();
  // The same name and labels give the same object; it lives as long as the registry.
  Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  // `buckets` are upper bounds in ascending order; empty: 0.5 ms to 10 s.
  Histogram& histogram(std::string_view name, std::string_view help, const Labels& labels = {},
                       const std::vector<double>& buckets = {});
  // The text of /metrics.
  std::string render() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace handschlag::metrics
