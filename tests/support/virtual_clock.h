// virtual_clock.h: time that a test moves, for everything in its process that waits in it.
#ifndef ZKLOCK_TESTS_SUPPORT_VIRTUAL_CLOCK_H_
#define ZKLOCK_TESTS_SUPPORT_VIRTUAL_CLOCK_H_

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

#include "base/platform.h"
#include "testing/virtual_platform.h"
#include "testing/virtual_time.h"

namespace zklock::testing {

using internal::TimePasses;

/// A platform in virtual time, in force for the time of its life. At its end, time passes until
/// the library's threads have ended. REQUIRES: it is destroyed after everything that uses them.
class VirtualClock {
 public:
  explicit VirtualClock(internal::VirtualPlatform::Options options = {.host = "db7"})
      : time_(internal::VirtualTime::Mode::free, 1, internal::SteadyTime(std::chrono::hours(1))),
        platform_(time_, std::move(options)) {
    internal::Platform::install(&platform_);
  }
  ~VirtualClock() {
    time_.end_threads(0, std::chrono::hours(1));
    internal::Platform::install(nullptr);
  }
  VirtualClock(const VirtualClock&) = delete;
  VirtualClock& operator=(const VirtualClock&) = delete;

  [[nodiscard]] internal::SteadyTime steady_now() const { return platform_.steady_now(); }
  [[nodiscard]] internal::BootTime boot_now() const { return platform_.boot_now(); }
  [[nodiscard]] internal::WallTime wall_now() const { return platform_.wall_now(); }
  [[nodiscard]] std::int64_t pid() const { return platform_.pid(); }
  [[nodiscard]] internal::VirtualTime& time() noexcept { return time_; }

  /// So much time passes, and what is due in it is done before this returns.
  void advance(std::chrono::nanoseconds time) { time_.advance(time); }
  /// So much time passes while the machine is suspended.
  void suspend(std::chrono::nanoseconds time) {
    platform_.suspend();
    time_.advance(time);
    platform_.resume();
  }
  /// Somebody sets the clock.
  void step_wall(std::chrono::nanoseconds step) { platform_.step_wall_clock(step); }
  /// From now on the system has no thread left, or has again.
  void refuse_threads() noexcept { platform_.refuse_threads(true); }
  void allow_threads() noexcept { platform_.refuse_threads(false); }
  /// Returns when the library, and the calls in the background, have done what they can do now.
  void settle() { time_.settle(); }

 private:
  internal::VirtualTime time_;
  internal::VirtualPlatform platform_;
};

/// A call on a thread of the test's, of which the clock knows. Waited for when this is destroyed.
template <class T>
class BackgroundCall {
 public:
  /// REQUIRES: a VirtualClock is in force.
  template <class Call>
  explicit BackgroundCall(Call call) {
    auto task = std::make_shared<std::packaged_task<T()>>(std::move(call));
    result_ = task->get_future();
    auto& platform = dynamic_cast<internal::VirtualPlatform&>(internal::Platform::current());
    time_ = &platform.time();
    thread_ = platform.start_thread("test", [task] {
      internal::VirtualTime::take_part_for_the_test();
      (*task)();
    });
  }
  ~BackgroundCall() {
    if (thread_) thread_->join();
  }
  BackgroundCall(BackgroundCall&&) noexcept = default;
  BackgroundCall& operator=(BackgroundCall&&) = delete;

  /// Whether it is over once everything has been done that can be done now.
  [[nodiscard]] bool is_done() {
    time_->settle();
    return result_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
  /// Waits for its end, for real, but not forever: false if that does not come.
  [[nodiscard]] bool await() {
    return result_.wait_for(std::chrono::seconds(10)) == std::future_status::ready;
  }
  /// Waits, for real, for its end. Throws what the call throws.
  T get() {
    result_.wait();
    // What it throws is destroyed here, not on its thread at the same time: ThreadSanitizer does
    // not see how the standard library counts the references to an exception.
    if (const auto thread = std::move(thread_)) thread->join();
    return result_.get();
  }

 private:
  internal::VirtualTime* time_ = nullptr;
  std::future<T> result_;
  std::unique_ptr<internal::Thread> thread_;
};

template <class Call>
BackgroundCall<std::invoke_result_t<Call>> in_background(Call call) {
  return BackgroundCall<std::invoke_result_t<Call>>(std::move(call));
}

/// Blocks a callback until the test lets it go on. The clock knows of the wait.
class Gate {
 public:
  void wait() {
    internal::MutexLock lock(monitor_.mutex);
    while (!is_open_) monitor_.changed->wait(lock);
  }
  void open() {
    {
      const internal::MutexLock lock(monitor_.mutex);
      is_open_ = true;
    }
    monitor_.changed->notify_all();
  }

 private:
  internal::Monitor monitor_;
  bool is_open_ = false;  // guarded by monitor_.mutex
};

}  // namespace zklock::testing

#endif  // ZKLOCK_TESTS_SUPPORT_VIRTUAL_CLOCK_H_
