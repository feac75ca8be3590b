// virtual_platform.h: a process of its own in virtual time: clocks that may differ from those of
// others, a host, a pid.
#ifndef ZKLOCK_SRC_TESTING_VIRTUAL_PLATFORM_H_
#define ZKLOCK_SRC_TESTING_VIRTUAL_PLATFORM_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/platform.h"
#include "testing/virtual_time.h"

namespace zklock::internal {

/// Several of them may share one VirtualTime. A thread belongs to the platform that was current
/// where it was started. REQUIRES: `time` outlives it, and its threads have ended before it is
/// destroyed.
///
/// Thread safety: all of it may be called from any thread.
class VirtualPlatform final : public Platform {
 public:
  struct Options {
    std::string host = "localhost";
    std::int64_t pid = 1;
    WallTime wall = WallTime(std::chrono::hours(500'000));
  };

  VirtualPlatform(VirtualTime& time, Options options);

  [[nodiscard]] SteadyTime steady_now() const noexcept override;
  [[nodiscard]] BootTime boot_now() const noexcept override;
  [[nodiscard]] WallTime wall_now() const noexcept override;
  [[nodiscard]] std::uint64_t random() override { return time_.random(); }
  [[nodiscard]] std::string host() const override { return options_.host; }
  [[nodiscard]] std::int64_t pid() const noexcept override { return options_.pid; }
  [[nodiscard]] std::unique_ptr<Thread> start_thread(const std::string& name,
                                                     std::function<void()> body) override;
  [[nodiscard]] std::unique_ptr<Condition> make_condition() override;

  [[nodiscard]] VirtualTime& time() const noexcept { return time_; }

  /// From now on the system has no thread left, or has again.
  void refuse_threads(bool refused) noexcept { refuses_threads_ = refused; }
  /// Somebody sets the wall clock.
  void step_wall_clock(std::chrono::nanoseconds step);
  /// All clocks run fast by so many millionths from now on; slow if negative. REQUIRES: no more
  /// than half a million.
  void set_drift(std::int64_t millionths);
  /// No thread of this platform goes on until `thaw`; time does.
  void freeze();
  void thaw();
  /// The machine is suspended until `resume`: frozen, and its steady clock stands.
  void suspend();
  void resume();
  [[nodiscard]] bool is_frozen() const;

  // For VirtualTime. REQUIRES: its mutex is held.
  [[nodiscard]] bool frozen() const noexcept { return frozen_ || is_suspended_; }
  /// The time at which this steady clock shows `local`, at the earliest; max(): never.
  [[nodiscard]] SteadyTime when(SteadyTime local) const noexcept;

 private:
  class VirtualCondition;
  class VirtualThread;

  // REQUIRES: within time_.look or time_.change.
  [[nodiscard]] std::chrono::nanoseconds ran(SteadyTime now) const noexcept;
  [[nodiscard]] std::chrono::nanoseconds ran_awake(SteadyTime now) const noexcept;

  const Options options_;
  VirtualTime& time_;
  const SteadyTime begin_;

  // All of these are guarded by time_: read in `look`, written in `change`.
  SteadyTime base_;                        // when the drift was set
  std::chrono::nanoseconds ran_before_{};  // how far the clocks had run then
  std::int64_t drift_ = 0;                 // millionths
  std::chrono::nanoseconds slept_{0};      // suspended in all, without a suspension that goes on
  bool is_suspended_ = false;
  std::chrono::nanoseconds fell_asleep_{};  // how far the clocks had run then
  std::chrono::nanoseconds wall_step_{0};
  bool frozen_ = false;

  std::atomic<bool> refuses_threads_{false};
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_TESTING_VIRTUAL_PLATFORM_H_
