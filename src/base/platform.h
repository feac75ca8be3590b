// platform.h: the one seam between the library and its surroundings.
//
// All time, waiting, starting of threads, randomness, host and pid go through here, so that a test
// can drive the real code in virtual time, one thread at a time. Nothing else in the library reads
// a clock, sleeps, waits on a std::condition_variable or starts a std::thread.
#ifndef ZKLOCK_SRC_BASE_PLATFORM_H_
#define ZKLOCK_SRC_BASE_PLATFORM_H_

#include <zklock/export.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/objects_by_type.h"

namespace zklock::internal {

/// CLOCK_BOOTTIME: unlike steady_clock it goes on while the machine is suspended, as the servers'
/// clocks do. So it measures the certainty of leases.
struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};

using SteadyTime = std::chrono::steady_clock::time_point;
using BootTime = BootClock::time_point;
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

/// A thread that was started. REQUIRES: joined once before it is destroyed, except in a child that
/// was forked since (the thread does not exist there).
class Thread {
 public:
  virtual ~Thread() = default;
  virtual void join() = 0;
  [[nodiscard]] virtual bool is_current() const noexcept = 0;
};

/// A condition variable. Spurious wake-ups happen: wait in a loop.
class Condition {
 public:
  virtual ~Condition() = default;
  virtual void wait(MutexLock& lock) = 0;
  /// Returns at `deadline` at the latest.
  virtual void wait_until(MutexLock& lock, SteadyTime deadline) = 0;
  virtual void notify_all() noexcept = 0;
};

/// Thread safety: all functions may be called from any thread.
class ZKLOCK_EXPORT Platform {
 public:
  Platform() = default;
  virtual ~Platform();
  Platform(const Platform&) = delete;
  Platform& operator=(const Platform&) = delete;

  /// The platform of this thread: that of the operating system, unless a test has installed another
  /// one, or put this thread on another one (PlatformScope).
  static Platform& current() noexcept;
  /// Makes `platform` the current one of all threads; null: that of the operating system. REQUIRES:
  /// nothing of the library is in use, and `platform` outlives everything that is created on it.
  static void install(Platform* platform) noexcept;

  /// The one object of this type that all code on this platform shares. The first call creates it;
  /// on the platform of the operating system it is never destroyed. A forked child has objects of
  /// its own: a thread that does not exist there may have left a mutex of the parent's locked.
  template <class T>
  [[nodiscard]] T& process_wide() {
    return *of_this_process().get<T>();
  }

  [[nodiscard]] virtual SteadyTime steady_now() const noexcept = 0;
  [[nodiscard]] virtual BootTime boot_now() const noexcept = 0;
  [[nodiscard]] virtual WallTime wall_now() const noexcept = 0;

  /// Random bits; unpredictable, and different in each process.
  [[nodiscard]] virtual std::uint64_t random() = 0;

  [[nodiscard]] virtual std::string host() const = 0;
  /// The process id that claims carry.
  [[nodiscard]] virtual std::int64_t pid() const noexcept = 0;

  /// `body` must not throw. The thread takes no signals. Throws std::system_error.
  [[nodiscard]] virtual std::unique_ptr<Thread> start_thread(const std::string& name,
                                                             std::function<void()> body) = 0;
  /// Runs `use`, which starts so many threads by other means than start_thread, and cannot bear to
  /// find none. Throws std::system_error, and does not run it, if they could not be started now,
  /// and two more for others that start meanwhile. One `use` at a time: it must not wait for
  /// another one. As in start_thread, its threads take no signals.
  virtual void with_spare_threads(std::size_t count, const std::function<void()>& use);
  [[nodiscard]] virtual std::unique_ptr<Condition> make_condition() = 0;

 private:
  struct Process;

  [[nodiscard]] ObjectsByType& of_this_process();

  std::atomic<Process*> process_{nullptr};
};

/// During its lifetime, `platform` is the current one of this thread. Tests use it to simulate
/// several processes in one.
class ZKLOCK_EXPORT PlatformScope {
 public:
  explicit PlatformScope(Platform& platform) noexcept;
  ~PlatformScope();
  PlatformScope(const PlatformScope&) = delete;
  PlatformScope& operator=(const PlatformScope&) = delete;

 private:
  Platform* const before_;
};

/// How often this process and its ancestors were forked since the library was first used. An object
/// that was created under another number belongs to the parent: its threads and connections do not
/// exist here.
[[nodiscard]] ZKLOCK_EXPORT int fork_count() noexcept;

/// A number of the calling thread that no other thread of the process ever has (std::thread::id is
/// reused).
[[nodiscard]] ZKLOCK_EXPORT std::uint64_t this_thread_number() noexcept;

/// A mutex and its condition variable, for state that threads wait for.
struct Monitor {
  Mutex mutex;
  std::unique_ptr<Condition> changed = Platform::current().make_condition();
};

/// Sums and differences that saturate instead of overflowing.
[[nodiscard]] constexpr std::chrono::nanoseconds saturated_sum(
    std::chrono::nanoseconds a, std::chrono::nanoseconds b) noexcept {
  std::chrono::nanoseconds::rep sum = 0;
  if (!__builtin_add_overflow(a.count(), b.count(), &sum)) return std::chrono::nanoseconds(sum);
  return b.count() > 0 ? std::chrono::nanoseconds::max() : std::chrono::nanoseconds::min();
}
[[nodiscard]] constexpr std::chrono::nanoseconds saturated_difference(
    std::chrono::nanoseconds a, std::chrono::nanoseconds b) noexcept {
  std::chrono::nanoseconds::rep difference = 0;
  if (!__builtin_sub_overflow(a.count(), b.count(), &difference)) {
    return std::chrono::nanoseconds(difference);
  }
  return b.count() < 0 ? std::chrono::nanoseconds::max() : std::chrono::nanoseconds::min();
}
template <class TimePoint>
[[nodiscard]] constexpr TimePoint saturated_sum(TimePoint time,
                                                std::chrono::nanoseconds duration) noexcept {
  return TimePoint(saturated_sum(std::chrono::nanoseconds(time.time_since_epoch()), duration));
}
template <class TimePoint>
[[nodiscard]] constexpr std::chrono::nanoseconds saturated_difference(
    TimePoint a, TimePoint b) noexcept requires requires {
  a.time_since_epoch();
}
{
  return saturated_difference(std::chrono::nanoseconds(a.time_since_epoch()),
                              std::chrono::nanoseconds(b.time_since_epoch()));
}

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_PLATFORM_H_
