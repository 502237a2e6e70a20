#include <algorithm>
#include <map>
#include <tuple>

#include "features/reach/reach.h"

namespace handschlag::reach {
namespace {

bool is_small(std::int64_t people) {
  return people > 0 && people < kSmallest;
}

std::int64_t sum_of(const std::map<std::string, std::int64_t>& reasons) {
  std::int64_t sum = 0;
  for (const auto& [reason, people] : reasons) sum += people;
  return sum;
}

// What is too small goes together with what is next in size, until it can't be told from the rest of the group.
Group group_of(std::string country, bool several, const std::map<std::string, std::int64_t>& reasons) {
  Group out;
  out.country = std::move(country);
  out.several = several;
  out.people = sum_of(reasons);
  std::vector<Reason> cells;
  for (const auto& [reason, people] : reasons) {
    if (people > 0) cells.push_back({reason, people});
  }
  // The smallest first; of the same size whom nothing keeps last, since that is what is asked for.
  std::sort(cells.begin(), cells.end(), [](const Reason& a, const Reason& b) {
    return std::tuple(a.people, a.name.empty(), a.name) < std::tuple(b.people, b.name.empty(), b.name);
  });
  std::int64_t pooled = 0;
  std::size_t first = 0;
  while (first < cells.size() && (is_small(cells[first].people) || is_small(pooled))) pooled += cells[first++].people;
  const bool hidden = std::any_of(cells.begin(), cells.begin() + static_cast<std::ptrdiff_t>(first),
                                  [](const Reason& cell) { return cell.name.empty(); });
  if (!hidden) out.reachable = 0;
  for (std::size_t i = cells.size(); i > first; --i) {
    if (cells[i - 1].name.empty()) {
      out.reachable = cells[i - 1].people;
    } else {
      out.reasons.push_back(cells[i - 1]);
    }
  }
  if (pooled > 0) out.reasons.push_back({std::string(kOther), pooled});
  return out;
}

}  // namespace

std::vector<Group> shown(std::span<const Count> counts) {
  std::map<std::string, std::map<std::string, std::int64_t>> by_country;
  for (const Count& count : counts) by_country[count.country][count.reason] += count.people;
  std::vector<std::pair<std::int64_t, std::string>> sizes;
  for (const auto& [country, reasons] : by_country) {
    if (const auto people = sum_of(reasons); people > 0) sizes.emplace_back(people, country);
  }
  std::sort(sizes.begin(), sizes.end());
  std::map<std::string, std::int64_t> pooled;
  std::size_t first = 0;
  while (first < sizes.size() && (is_small(sizes[first].first) || is_small(sum_of(pooled)))) {
    for (const auto& [reason, people] : by_country[sizes[first].second]) pooled[reason] += people;
    ++first;
  }
  std::vector<Group> out;
  for (std::size_t i = sizes.size(); i > first; --i) {
    out.push_back(group_of(sizes[i - 1].second, false, by_country[sizes[i - 1].second]));
  }
  // Of fewer than that in all nothing is told.
  if (sum_of(pooled) >= kSmallest) out.push_back(group_of("", true, pooled));
  return out;
}

}  // namespace handschlag::reach
