#include "platform/metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <mutex>
#include <utility>

namespace handschlag::metrics {
namespace {

class PrometheusCounter final : public Counter {
 public:
  explicit PrometheusCounter(prometheus::Counter& counter) : counter_(counter) {}
  void add(double amount) override { counter_.Increment(amount); }

 private:
  prometheus::Counter& counter_;
};

class PrometheusGauge final : public Gauge {
 public:
  explicit PrometheusGauge(prometheus::Gauge& gauge) : gauge_(gauge) {}
  void set(double value) override { gauge_.Set(value); }
  void add(double amount) override { gauge_.Increment(amount); }

 private:
  prometheus::Gauge& gauge_;
};

// The library's own takes a lock for each observation; here it is two additions.
class AtomicHistogram final : public Histogram {
 public:
  explicit AtomicHistogram(std::vector<double> bounds) : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}

  void observe(double value) override {
    const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
    counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
  }

  prometheus::ClientMetric collect(const Labels& labels) const {
    prometheus::ClientMetric out;
    for (const auto& [name, value] : labels) out.label.push_back({name, value});
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      out.histogram.sample_count += counts_[i].load(std::memory_order_relaxed);
      const double bound = i < bounds_.size() ? bounds_[i] : std::numeric_limits<double>::infinity();
      out.histogram.bucket.push_back({out.histogram.sample_count, bound});
    }
    out.histogram.sample_sum = sum_.load(std::memory_order_relaxed);
    return out;
  }

 private:
  const std::vector<double> bounds_;  // upper ones, ascending
  std::vector<std::atomic<std::uint64_t>> counts_;
  std::atomic<double> sum_{0};
};

const std::vector<double> kDefaultBuckets = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                             0.1,    0.25,  0.5,    1,     2.5,  5,     10};

}  // namespace

struct Registry::Impl {
  using Key = std::pair<std::string, Labels>;

  // Finds the object of that name and labels, or makes it; `make` gets the mutex held.
  template <class Wrapper, class Interface, class Make>
  Interface& find_or_make(std::map<Key, std::unique_ptr<Interface>>& known, std::string_view name, const Labels& labels,
                          Make make) {
    std::lock_guard lock(mutex);
    auto& slot = known[Key{name, labels}];
    if (!slot) slot = std::make_unique<Wrapper>(make());
    return *slot;
  }

  std::mutex mutex;
  prometheus::Registry registry;
  std::map<Key, std::unique_ptr<Counter>> counters;
  std::map<Key, std::unique_ptr<Gauge>> gauges;
  std::map<Key, std::unique_ptr<AtomicHistogram>> histograms;  // those of one name stand together
  std::map<std::string, std::string, std::less<>> histogram_help;
};

Registry::Registry() : impl_(std::make_unique<Impl>()) {}
Registry::~Registry() = default;

Counter& Registry::counter(std::string_view name, std::string_view help, const Labels& labels) {
  return impl_->find_or_make<PrometheusCounter>(impl_->counters, name, labels, [&]() -> prometheus::Counter& {
    auto& family = prometheus::BuildCounter().Name(std::string(name)).Help(std::string(help)).Register(impl_->registry);
    return family.Add(labels);
  });
}

Gauge& Registry::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  return impl_->find_or_make<PrometheusGauge>(impl_->gauges, name, labels, [&]() -> prometheus::Gauge& {
    auto& family = prometheus::BuildGauge().Name(std::string(name)).Help(std::string(help)).Register(impl_->registry);
    return family.Add(labels);
  });
}

Histogram& Registry::histogram(std::string_view name, std::string_view help, const Labels& labels,
                               const std::vector<double>& buckets) {
  std::lock_guard lock(impl_->mutex);
  auto& slot = impl_->histograms[Impl::Key{name, labels}];
  if (!slot) slot = std::make_unique<AtomicHistogram>(buckets.empty() ? kDefaultBuckets : buckets);
  impl_->histogram_help.try_emplace(std::string(name), help);
  return *slot;
}

std::string Registry::render() const {
  std::vector<prometheus::MetricFamily> families = impl_->registry.Collect();
  std::lock_guard lock(impl_->mutex);
  std::string_view name;
  for (const auto& [key, histogram] : impl_->histograms) {
    if (key.first != name) {
      name = key.first;
      families.push_back({key.first, impl_->histogram_help[key.first], prometheus::MetricType::Histogram, {}});
    }
    families.back().metric.push_back(histogram->collect(key.second));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace handschlag::metrics
