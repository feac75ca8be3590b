// simulated_world.h: what everything in one simulated schedule shares: time, chance, and the
// history.
#ifndef ZKLOCK_TESTS_SIMULATION_SIMULATED_WORLD_H_
#define ZKLOCK_TESTS_SIMULATION_SIMULATED_WORLD_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "statistics.h"
#include "testing/virtual_platform.h"
#include "testing/virtual_time.h"

namespace zklock::simulation {

using internal::SteadyTime;
using std::chrono::nanoseconds;

/// Of one seed. All that is random is drawn from `time`, so the seed decides everything.
///
/// Thread safety: used by the threads of the simulation, of which one runs at a time.
class World {
 public:
  /// `command` runs it again.
  World(std::uint64_t seed, std::string command, bool prints, Statistics& statistics);

  internal::VirtualTime time;
  internal::VirtualPlatform root;  // of the servers, and of those who watch
  Statistics& statistics;

  [[nodiscard]] SteadyTime now() const { return time.now(); }

  // Chance.
  [[nodiscard]] bool chance(int percent) { return below(100) < percent; }
  [[nodiscard]] int below(int end) {
    return static_cast<int>(time.random() % static_cast<std::uint64_t>(end));
  }
  [[nodiscard]] nanoseconds between(nanoseconds least, nanoseconds most);

  /// Blocks the calling thread for so long.
  static void sleep(nanoseconds duration);

  /// Writes down that this happened.
  void note(const std::string& who, const std::string& what);
  /// The same, and counts it.
  void count(const std::string& who, const std::string& what, const std::string& detail = {});
  /// A promise is broken: prints the history and how to repeat it, and ends the process with
  /// status 1.
  [[noreturn]] void fail(const std::string& violation);

  /// A number that two equal histories share.
  [[nodiscard]] std::uint64_t digest() const noexcept { return digest_; }

 private:
  const std::uint64_t seed_;
  const std::string command_;
  const bool prints_;
  const SteadyTime begin_;
  std::vector<std::string> history_;
  std::uint64_t digest_ = 0xcbf29ce484222325;  // FNV-1a of the history
};

}  // namespace zklock::simulation

#endif  // ZKLOCK_TESTS_SIMULATION_SIMULATED_WORLD_H_
