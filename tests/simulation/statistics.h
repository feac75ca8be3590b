// statistics.h: how often what happened, over all schedules of a run.
#ifndef ZKLOCK_TESTS_SIMULATION_STATISTICS_H_
#define ZKLOCK_TESTS_SIMULATION_STATISTICS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace zklock::simulation {

class Statistics {
 public:
  void count(const std::string& what, std::uint64_t times = 1) { counts_[what] += times; }
  [[nodiscard]] std::uint64_t of(const std::string& what) const {
    const auto found = counts_.find(what);
    return found == counts_.end() ? 0 : found->second;
  }
  void print() const;

  /// Those of the listed states, rare ones among them, that were never reached. A run of many
  /// schedules that misses one does not test what it is there for.
  [[nodiscard]] std::vector<std::string> never_reached() const;

 private:
  std::map<std::string, std::uint64_t> counts_;
};

}  // namespace zklock::simulation

#endif  // ZKLOCK_TESTS_SIMULATION_STATISTICS_H_
