// How far a long run is, on standard error.
#ifndef ZKLOCK_TESTS_SIMULATION_PROGRESS_H_
#define ZKLOCK_TESTS_SIMULATION_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <string>

namespace zklock::simulation {

/// "1,234 of 5,000 schedules, 83 a second, 0:45 left": after `elapsed`, with `done` of `all` run.
[[nodiscard]] std::string describe_progress(std::uint64_t done, std::uint64_t all,
                                            std::chrono::duration<double> elapsed);

/// Reports progress: on a terminal twice a second in place of the report before, elsewhere as a
/// line every `interval`. Zero: nothing.
class Progress {
 public:
  Progress(std::uint64_t all, std::chrono::duration<double> interval);

  /// Erases the report on a terminal.
  ~Progress();

  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void set_done(std::uint64_t done);

 private:
  using Clock = std::chrono::steady_clock;

  const std::uint64_t all_;
  const bool is_terminal_;
  const std::chrono::duration<double> interval_;
  const Clock::time_point begun_;
  Clock::time_point reported_;
  bool has_reported_ = false;
};

}  // namespace zklock::simulation

#endif  // ZKLOCK_TESTS_SIMULATION_PROGRESS_H_
