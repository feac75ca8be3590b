// manual_platform.h: a Platform whose clocks move when a test says so, for code that runs on
// several threads. Everything else is the operating system's.
#ifndef ZKLOCK_TESTS_SUPPORT_MANUAL_PLATFORM_H_
#define ZKLOCK_TESTS_SUPPORT_MANUAL_PLATFORM_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "platform.h"

namespace zklock::testing {

/// In force from its first use until the process ends: threads of the library may outlive a test.
class ManualPlatform final : public internal::Platform {
 public:
  static ManualPlatform& instance() {
    static ManualPlatform& platform = *new ManualPlatform;
    return platform;
  }

  /// So much time passes.
  void advance(std::chrono::nanoseconds time) {
    boot_.fetch_add(time.count());
    wall_.fetch_add(time.count());
    steady_.fetch_add(time.count());
  }
  /// So much time passes while the machine is suspended.
  void suspend(std::chrono::nanoseconds time) {
    boot_.fetch_add(time.count());
    wall_.fetch_add(time.count());
  }
  /// Somebody sets the clock.
  void step_wall(std::chrono::nanoseconds step) { wall_.fetch_add(step.count()); }

  [[nodiscard]] internal::SteadyTime steady_now() const noexcept override {
    return internal::SteadyTime(std::chrono::nanoseconds(steady_.load()));
  }
  [[nodiscard]] internal::BootTime boot_now() const noexcept override {
    return internal::BootTime(std::chrono::nanoseconds(boot_.load()));
  }
  [[nodiscard]] internal::WallTime wall_now() const noexcept override {
    return internal::WallTime(std::chrono::nanoseconds(wall_.load()));
  }
  [[nodiscard]] std::uint64_t random() override { return system_.random(); }
  [[nodiscard]] std::string host() const override { return "db7"; }
  [[nodiscard]] std::int64_t pid() const noexcept override { return system_.pid(); }
  [[nodiscard]] std::unique_ptr<internal::Thread> start_thread(
      const std::string& name, std::function<void()> body) override {
    return system_.start_thread(name, std::move(body));
  }
  [[nodiscard]] std::unique_ptr<internal::Condition> make_condition() override {
    return std::make_unique<PollingCondition>();
  }

 private:
  /// Wakes up often, to look at the clock: conditions allow for that. It needs no platform.
  class PollingCondition final : public internal::Condition {
   public:
    void wait(std::unique_lock<std::mutex>& lock) override { changed_.wait(lock); }
    void wait_until(std::unique_lock<std::mutex>& lock, internal::SteadyTime) override {
      changed_.wait_for(lock, std::chrono::milliseconds(1));
    }
    void notify_all() noexcept override { changed_.notify_all(); }

   private:
    std::condition_variable changed_;
  };

  ManualPlatform() : system_(current()) { install(this); }

  static constexpr std::int64_t in_ns(std::chrono::nanoseconds time) { return time.count(); }

  internal::Platform& system_;
  std::atomic<std::int64_t> steady_{in_ns(std::chrono::hours(1))};
  std::atomic<std::int64_t> boot_{in_ns(std::chrono::hours(2))};
  std::atomic<std::int64_t> wall_{in_ns(std::chrono::hours(500'000))};
};

/// While it lives, time passes by itself, faster than a real clock, for code that pauses between
/// attempts.
class PassingTime {
 public:
  explicit PassingTime(ManualPlatform& platform,
                       std::chrono::milliseconds step = std::chrono::milliseconds(5))
      : thread_([&platform, step](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            platform.advance(step);
          }
        }) {}

 private:
  std::jthread thread_;
};

}  // namespace zklock::testing

#endif  // ZKLOCK_TESTS_SUPPORT_MANUAL_PLATFORM_H_
