// Virtual time: threads that really wait, in time that a test moves.
#include "testing/virtual_time.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "support/virtual_clock.h"
#include "testing/virtual_platform.h"
#include "thread_order.h"

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using zklock::testing::BackgroundCall;
using zklock::testing::Gate;
using zklock::testing::in_background;

constexpr SteadyTime kStart{1h};

class VirtualTimeTest : public ::testing::Test {
 protected:
  static VirtualPlatform::Options on(const std::string& host) { return {.host = host}; }

  /// Notes `name` when so much has passed by the clock of `platform`.
  std::unique_ptr<Thread> note_after(VirtualPlatform& platform, std::chrono::nanoseconds after,
                                     const std::string& name) {
    return platform.start_thread(name,
                                 [this, &platform, deadline = platform.steady_now() + after, name] {
                                   wait_until(platform, deadline);
                                   order_.note(name);
                                 });
  }
  std::unique_ptr<Thread> note_after(std::chrono::nanoseconds after, const std::string& name) {
    return note_after(here_, after, name);
  }

  VirtualTime time_{VirtualTime::Mode::free, 1, kStart};
  VirtualPlatform here_{time_, on("here")};
  VirtualPlatform there_{time_, on("there")};
  Order order_;
};

TEST_F(VirtualTimeTest, StandsStillUntilItIsMoved) {
  EXPECT_EQ(here_.steady_now(), kStart);
  const auto boot = here_.boot_now();
  const auto wall = here_.wall_now();
  time_.advance(3s);
  EXPECT_EQ(here_.steady_now(), kStart + 3s);
  EXPECT_EQ(here_.boot_now(), boot + 3s);
  EXPECT_EQ(here_.wall_now(), wall + 3s);
}

TEST_F(VirtualTimeTest, TheBootClockIsNotTheSteadyOne) {
  EXPECT_NE(here_.boot_now().time_since_epoch(), here_.steady_now().time_since_epoch());
}

TEST_F(VirtualTimeTest, DeadlinesPassInOrder) {
  const auto c = note_after(3s, "c");
  const auto a = note_after(1s, "a");
  const auto b = note_after(2s, "b");
  time_.advance(3s - 1ns);
  EXPECT_THAT(order_.names(), ElementsAre("a", "b"));
  time_.advance(1ns);
  EXPECT_THAT(order_.names(), ElementsAre("a", "b", "c"));
  for (const auto* thread : {&a, &b, &c}) (*thread)->join();
}

TEST_F(VirtualTimeTest, AdvanceStopsAtDeadlinesSetOnTheWay) {
  std::vector<SteadyTime> seen;
  const auto thread = here_.start_thread("ticks", [&] {
    for (int i = 0; i < 3; ++i) {
      wait_until(here_, here_.steady_now() + 1s);
      seen.push_back(here_.steady_now());
    }
  });
  time_.advance(1h);
  EXPECT_THAT(seen, ElementsAre(kStart + 1s, kStart + 2s, kStart + 3s));
  EXPECT_EQ(here_.steady_now(), kStart + 1h);
  thread->join();
}

TEST_F(VirtualTimeTest, APastDeadlineEndsTheWaitAtOnce) {
  Monitor monitor{{}, here_.make_condition()};
  internal::MutexLock lock(monitor.mutex);
  monitor.changed->wait_until(lock, kStart);
  monitor.changed->wait_until(lock, kStart - 1h);
  monitor.changed->wait_until(lock, SteadyTime::min());
  EXPECT_TRUE(lock.is_held());
}

TEST_F(VirtualTimeTest, TheMaximumDeadlineNeverPasses) {
  Monitor monitor{{}, here_.make_condition()};
  bool woken = false;  // guarded by monitor.mutex
  const auto thread = here_.start_thread("waits", [&] {
    internal::MutexLock lock(monitor.mutex);
    monitor.changed->wait_until(lock, SteadyTime::max());
    monitor.changed->wait_until(lock, SteadyTime::max() - 1ns);
    woken = true;
  });
  time_.advance(24h * 365 * 50);
  for (int i = 0; i < 2; ++i) {
    {
      const internal::MutexLock lock(monitor.mutex);
      EXPECT_FALSE(woken);
    }
    monitor.changed->notify_all();
    time_.settle();
  }
  EXPECT_TRUE(woken);
  thread->join();
}

TEST_F(VirtualTimeTest, NotifyWakesOnlyTheWaitersOfTheCondition) {
  Monitor ours{{}, here_.make_condition()};
  Monitor others{{}, here_.make_condition()};
  std::vector<std::unique_ptr<Thread>> threads;
  for (Monitor* const monitor : {&ours, &ours, &others}) {
    threads.push_back(here_.start_thread("waits", [this, monitor, &ours] {
      internal::MutexLock lock(monitor->mutex);
      monitor->changed->wait(lock);
      order_.note(monitor == &ours ? "ours" : "others");
    }));
  }
  time_.settle();
  ours.changed->notify_all();
  time_.settle();
  EXPECT_THAT(order_.names(), ElementsAre("ours", "ours"));
  others.changed->notify_all();
  for (const auto& thread : threads) thread->join();
}

TEST_F(VirtualTimeTest, NoNotificationIsLost) {
  Monitor monitor{{}, here_.make_condition()};
  constexpr int kTurns = 2'000;
  int turn = 0;  // guarded by monitor.mutex
  const auto play = [&](int parity) {
    for (;;) {
      internal::MutexLock lock(monitor.mutex);
      while (turn < kTurns && turn % 2 != parity) monitor.changed->wait(lock);
      if (turn == kTurns) return;
      ++turn;
      lock.unlock();
      monitor.changed->notify_all();
    }
  };
  const auto even = here_.start_thread("even", [&] { play(0); });
  const auto odd = here_.start_thread("odd", [&] { play(1); });
  even->join();
  odd->join();
  EXPECT_EQ(turn, kTurns);
}

TEST_F(VirtualTimeTest, SettleWaitsForRunningThreads) {
  Monitor monitor{{}, here_.make_condition()};
  std::atomic<int> done{0};
  std::vector<std::unique_ptr<Thread>> threads;  // of `starts` until it has been joined
  const auto starts = here_.start_thread("starts", [&] {
    for (int i = 0; i < 3; ++i) {
      threads.push_back(here_.start_thread("waits", [&] {
        internal::MutexLock lock(monitor.mutex);
        ++done;
        monitor.changed->wait(lock);
        ++done;
      }));
    }
  });
  time_.settle();
  EXPECT_EQ(done, 3);
  monitor.changed->notify_all();
  time_.settle();
  EXPECT_EQ(done, 6);
  starts->join();
  for (const auto& thread : threads) thread->join();
}

TEST_F(VirtualTimeTest, AThreadThatMovesTheTimeDoesNotWaitForItself) {
  const auto other = note_after(1s, "other");
  const auto moves = here_.start_thread("moves", [&] {
    time_.settle();
    time_.advance(1s);
    order_.note("moved");
  });
  moves->join();
  other->join();
  EXPECT_THAT(order_.names(), ElementsAre("other", "moved"));
}

TEST_F(VirtualTimeTest, ATestThreadWaitsForItsDeadlineWhenTimeMayPass) {
  const auto a = note_after(1h, "a");
  const TimePasses passes(time_);
  wait_until(here_, kStart + 2h);
  EXPECT_EQ(here_.steady_now(), kStart + 2h);
  EXPECT_THAT(order_.names(), ElementsAre("a"));
  a->join();
}

TEST_F(VirtualTimeTest, TimeStandsStillWhileNoTestThreadWaits) {
  const auto a = note_after(1h, "a");
  {
    const TimePasses passes(time_);
    const TimePasses passes_too(time_);
    time_.let_time_pass(true);
    time_.settle();
    EXPECT_EQ(here_.steady_now(), kStart);
    EXPECT_THAT(order_.names(), IsEmpty());
  }
  time_.let_time_pass(false);
  time_.advance(1h);
  a->join();
}

TEST_F(VirtualTimeTest, FrozenThreadsContinueWhenThawed) {
  Monitor monitor{{}, there_.make_condition()};
  const auto notified = there_.start_thread("notified", [&] {
    internal::MutexLock lock(monitor.mutex);
    monitor.changed->wait(lock);
    order_.note("notified");
  });
  const auto there = note_after(there_, 1s, "there");
  const auto here = note_after(here_, 2s, "here");
  time_.settle();
  there_.freeze();
  EXPECT_TRUE(there_.is_frozen());
  monitor.changed->notify_all();
  time_.advance(3s);
  EXPECT_THAT(order_.names(), ElementsAre("here"));
  EXPECT_EQ(there_.steady_now(), kStart + 3s);  // its clocks still run
  there_.thaw();
  for (const auto* thread : {&notified, &there, &here}) (*thread)->join();
  EXPECT_EQ(order_.names().size(), 3U);
  EXPECT_EQ(there_.steady_now(), kStart + 3s);
}

TEST_F(VirtualTimeTest, OnlyTheSteadyClockStandsDuringASuspension) {
  const auto boot = there_.boot_now();
  const auto wall = there_.wall_now();
  const auto there = note_after(there_, 2s, "there");
  time_.advance(1s);
  there_.suspend();
  EXPECT_TRUE(there_.is_frozen());
  time_.advance(1h);
  EXPECT_EQ(there_.steady_now(), kStart + 1s);
  EXPECT_EQ(there_.boot_now(), boot + 1h + 1s);
  EXPECT_EQ(there_.wall_now(), wall + 1h + 1s);
  EXPECT_EQ(here_.steady_now(), kStart + 1h + 1s);
  there_.resume();
  EXPECT_FALSE(there_.is_frozen());
  time_.advance(1s - 1ns);
  EXPECT_THAT(order_.names(), IsEmpty());
  time_.advance(1ns);
  EXPECT_THAT(order_.names(), ElementsAre("there"));
  EXPECT_EQ(there_.steady_now(), kStart + 2s);
  there->join();
}

TEST_F(VirtualTimeTest, AMachineThatIsFrozenAndSuspendedWaitsForBothToEnd) {
  const auto there = note_after(there_, 1s, "there");
  there_.freeze();
  there_.suspend();
  there_.thaw();
  time_.advance(2s);
  EXPECT_TRUE(there_.is_frozen());
  there_.freeze();
  there_.resume();
  time_.advance(2s);
  EXPECT_TRUE(there_.is_frozen());
  EXPECT_THAT(order_.names(), IsEmpty());
  there_.thaw();
  there->join();
}

TEST_F(VirtualTimeTest, AFastClocksDeadlineComesEarlierAndASlowOnesLater) {
  const auto wall = there_.wall_now();
  there_.set_drift(1'000);
  const auto fast = note_after(there_, 1001s, "fast");
  const auto right = note_after(here_, 1000s + 1ns, "right");
  time_.advance(1000s - 1ns);
  EXPECT_THAT(order_.names(), IsEmpty());
  time_.advance(1ns);
  EXPECT_THAT(order_.names(), ElementsAre("fast"));
  EXPECT_EQ(there_.steady_now(), kStart + 1001s);
  EXPECT_EQ(there_.wall_now(), wall + 1001s);
  there_.set_drift(-1'000);
  const auto slow = note_after(there_, 999s, "slow");
  time_.advance(1000s - 1ns);
  EXPECT_THAT(order_.names(), ElementsAre("fast", "right"));
  time_.advance(1ns);
  EXPECT_THAT(order_.names(), ElementsAre("fast", "right", "slow"));
  EXPECT_EQ(there_.steady_now(), kStart + 2000s);
  for (const auto* thread : {&fast, &right, &slow}) (*thread)->join();
}

TEST_F(VirtualTimeTest, ADeadlinePassesAtTheFirstMomentThatADriftingClockShows) {
  for (const std::int64_t drift : {-500'000, -333'333, -1, 0, 1, 77, 333'333, 500'000}) {
    there_.set_drift(drift);
    for (const std::chrono::nanoseconds after :
         {1ns, 2ns, 3ns, 999'999ns, 1'000'000ns, 1'000'001ns, 123'456'789'123ns}) {
      const SteadyTime deadline = there_.steady_now() + after;
      const TimePasses passes(time_);
      const SteadyTime before = here_.steady_now();
      wait_until(there_, deadline);
      EXPECT_GE(there_.steady_now(), deadline);
      const std::chrono::nanoseconds waited = here_.steady_now() - before;
      // A nanosecond earlier it did not show it yet.
      const double rate = 1 + static_cast<double>(drift) / 1e6;
      EXPECT_LT(static_cast<double>(waited.count() - 2) * rate, static_cast<double>(after.count()))
          << drift << " " << after.count();
    }
  }
}

TEST_F(VirtualTimeTest, AStepOfTheWallClockMovesNothingElse) {
  const auto wall = here_.wall_now();
  const auto others = there_.wall_now();
  const auto boot = here_.boot_now();
  here_.step_wall_clock(24h);
  EXPECT_EQ(here_.wall_now(), wall + 24h);
  here_.step_wall_clock(-25h);
  EXPECT_EQ(here_.wall_now(), wall - 1h);
  EXPECT_EQ(there_.wall_now(), others);
  EXPECT_EQ(here_.steady_now(), kStart);
  EXPECT_EQ(here_.boot_now(), boot);
}

TEST_F(VirtualTimeTest, AThreadRunsOnThePlatformThatStartedIt) {
  const Platform* seen = nullptr;
  const auto thread = there_.start_thread("there", [&] { seen = &Platform::current(); });
  thread->join();
  EXPECT_EQ(seen, &there_);
}

TEST_F(VirtualTimeTest, EndsThreadsByLettingTimePass) {
  const auto here = note_after(here_, 3s, "here");
  const auto there = note_after(there_, 5s, "there");
  time_.end_threads(1, 1h);
  EXPECT_THAT(order_.names(), ElementsAre("here"));
  time_.end_threads(0, 1h);
  EXPECT_THAT(order_.names(), ElementsAre("here", "there"));
  here->join();
  there->join();
}

TEST(VirtualTimeDeathTest, ThreadsThatDoNotEndAreNamed) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        VirtualTime time(VirtualTime::Mode::free, 1, kStart);
        VirtualPlatform platform(time, {});
        const auto thread =
            platform.start_thread("sleeper", [&] { wait_until(platform, kStart + 2h); });
        time.end_threads(0, 1h);
      },
      "there wait sleeper");
}

TEST(VirtualClockTest, TakesPartWithItsCallsInTheBackground) {
  zklock::testing::VirtualClock clock;
  Gate gate;
  BackgroundCall<int> call = in_background([&] {
    gate.wait();
    return 7;
  });
  EXPECT_FALSE(call.is_done());
  gate.open();
  EXPECT_TRUE(call.is_done());
  EXPECT_EQ(call.get(), 7);
}

}  // namespace
}  // namespace zklock::internal
