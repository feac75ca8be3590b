// Virtual time in which one thread runs at a time, as a seed has it.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "testing/virtual_platform.h"
#include "testing/virtual_time.h"
#include "thread_order.h"

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

constexpr SteadyTime kStart{1h};

/// Some threads that wait, notify and yield, as the seed has it.
class Scene {
 public:
  explicit Scene(std::uint64_t seed) : time_(VirtualTime::Mode::one_at_a_time, seed, kStart) {}

  [[nodiscard]] bool run(SteadyTime limit = kStart + 1h) {
    return time_.run(
        platform_,
        [this] {
          std::vector<std::unique_ptr<Thread>> threads;
          for (const char* const name : {"a", "b", "c"}) {
            threads.push_back(platform_.start_thread(name, [this, name] { act(name); }));
          }
          for (const auto& thread : threads) thread->join();
        },
        limit);
  }

  [[nodiscard]] VirtualTime& time() { return time_; }
  [[nodiscard]] VirtualPlatform& platform() { return platform_; }
  [[nodiscard]] std::vector<std::string> order() const { return order_.names(); }
  [[nodiscard]] bool did_two_run() const { return did_two_run_; }

 private:
  void act(const std::string& name) {
    for (int i = 0; i < 20; ++i) {
      did_two_run_ = did_two_run_ || ++running_ > 1;
      order_.note(name);
      --running_;
      if (platform_.random() % 2 == 0) {
        time_.yield();
      } else {
        wait_until(platform_, platform_.steady_now() + 1ms);
      }
    }
  }

  VirtualTime time_;
  VirtualPlatform platform_{time_, {}};
  Order order_;
  std::atomic<int> running_{0};
  std::atomic<bool> did_two_run_{false};
};

TEST(OneAtATimeTest, OnlyOneThreadRuns) {
  Scene scene(1);
  EXPECT_TRUE(scene.run());
  EXPECT_EQ(scene.order().size(), 60U);
  EXPECT_FALSE(scene.did_two_run());
  EXPECT_GT(scene.time().switches(), 0U);
}

TEST(OneAtATimeTest, TheSameSeedGivesTheSameRunAndAnotherSeedAnotherOne) {
  Scene one(7);
  Scene again(7);
  Scene other(8);
  EXPECT_TRUE(one.run());
  EXPECT_TRUE(again.run());
  EXPECT_TRUE(other.run());
  EXPECT_EQ(one.order(), again.order());
  EXPECT_EQ(one.time().switches(), again.time().switches());
  EXPECT_EQ(one.platform().steady_now(), again.platform().steady_now());
  EXPECT_NE(one.order(), other.order());
}

TEST(OneAtATimeTest, TimeJumpsToTheNextDeadlineWhenAllWait) {
  VirtualTime time(VirtualTime::Mode::one_at_a_time, 1, kStart);
  VirtualPlatform platform(time, {});
  std::vector<SteadyTime> seen;
  EXPECT_TRUE(time.run(
      platform,
      [&] {
        const auto later = platform.start_thread("later", [&] {
          wait_until(platform, kStart + 24h);
          seen.push_back(platform.steady_now());
        });
        wait_until(platform, kStart + 1h);
        seen.push_back(platform.steady_now());
        later->join();
      },
      SteadyTime::max()));
  EXPECT_THAT(seen, ElementsAre(kStart + 1h, kStart + 24h));
}

TEST(OneAtATimeTest, AFrozenPlatformsThreadsGetNoTurn) {
  VirtualTime time(VirtualTime::Mode::one_at_a_time, 1, kStart);
  VirtualPlatform here(time, {});
  VirtualPlatform there(time, {});
  SteadyTime seen{};
  EXPECT_TRUE(time.run(
      here,
      [&] {
        there.freeze();  // before its thread has had its first turn
        const auto thread = there.start_thread("there", [&] { seen = there.steady_now(); });
        wait_until(here, kStart + 5s);
        there.thaw();
        thread->join();
      },
      SteadyTime::max()));
  EXPECT_EQ(seen, kStart + 5s);
}

// Those that do not end are left as they are, with what they use.

TEST(OneAtATimeTest, RunReportsThreadsThatWaitForEver) {
  auto& time = *new VirtualTime(VirtualTime::Mode::one_at_a_time, 1, kStart);
  auto& platform = *new VirtualPlatform(time, {});
  const auto wait_for_ever = [&platform] {
    auto& monitor = *new Monitor{{}, platform.make_condition()};
    internal::MutexLock lock(monitor.mutex);
    monitor.changed->wait(lock);
  };
  EXPECT_FALSE(time.run(platform, wait_for_ever, SteadyTime::max()));
  EXPECT_EQ(time.who_waits(), " first");
}

TEST(OneAtATimeTest, RunReportsThatTheLimitIsReached) {
  auto& time = *new VirtualTime(VirtualTime::Mode::one_at_a_time, 1, kStart);
  auto& platform = *new VirtualPlatform(time, {});
  EXPECT_FALSE(time.run(
      platform, [&platform] { wait_until(platform, kStart + 2h); }, kStart + 1h));
  EXPECT_LE(platform.steady_now(), kStart + 1h);
}

}  // namespace
}  // namespace zklock::internal
