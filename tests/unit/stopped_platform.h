// stopped_platform.h: a Platform whose clocks stand still until a test moves them. Everything else
// is the operating system's.
#ifndef ZKLOCK_TESTS_UNIT_STOPPED_PLATFORM_H_
#define ZKLOCK_TESTS_UNIT_STOPPED_PLATFORM_H_

#include <functional>
#include <memory>
#include <string>

#include "platform.h"

namespace zklock::testing {

/// In force for the time of its life.
class StoppedPlatform final : public internal::Platform {
 public:
  StoppedPlatform() : system_(internal::Platform::current()) { install(this); }
  ~StoppedPlatform() override { install(nullptr); }
  StoppedPlatform(const StoppedPlatform&) = delete;
  StoppedPlatform& operator=(const StoppedPlatform&) = delete;

  internal::SteadyTime steady{std::chrono::hours(1)};
  internal::BootTime boot{std::chrono::hours(2)};
  internal::WallTime wall{std::chrono::hours(500'000)};

  [[nodiscard]] internal::SteadyTime steady_now() const noexcept override { return steady; }
  [[nodiscard]] internal::BootTime boot_now() const noexcept override { return boot; }
  [[nodiscard]] internal::WallTime wall_now() const noexcept override { return wall; }
  [[nodiscard]] std::uint64_t random() override { return system_.random(); }
  [[nodiscard]] std::string host() const override { return system_.host(); }
  [[nodiscard]] std::int64_t pid() const noexcept override { return system_.pid(); }
  [[nodiscard]] std::unique_ptr<internal::Thread> start_thread(
      const std::string& name, std::function<void()> body) override {
    return system_.start_thread(name, std::move(body));
  }
  [[nodiscard]] std::unique_ptr<internal::Condition> make_condition() override {
    return system_.make_condition();
  }

 private:
  internal::Platform& system_;
};

}  // namespace zklock::testing

#endif  // ZKLOCK_TESTS_UNIT_STOPPED_PLATFORM_H_
