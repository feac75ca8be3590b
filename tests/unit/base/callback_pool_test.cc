#include "base/callback_pool.h"

#include <gmock/gmock.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <vector>

#include "base/background.h"
#include "support/virtual_clock.h"

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;
using zklock::testing::Gate;
using zklock::testing::in_background;

/// A pool and its timers, which end first.
struct Pool {
  explicit Pool(std::size_t most_threads) : tasks("test", most_threads, timers) {}

  CallbackPool tasks;
  Executor timers{"timers"};
};

class CallbackPoolTest : public ::testing::Test {
 protected:
  zklock::testing::VirtualClock time_;
};

TEST_F(CallbackPoolTest, RunsTasksInOrder) {
  std::vector<int> ran;
  Pool pool(1);
  for (int i = 0; i < 100; ++i) pool.tasks.post([&ran, i] { ran.push_back(i); });
  time_.settle();
  ASSERT_EQ(ran.size(), 100U);
  EXPECT_TRUE(std::is_sorted(ran.begin(), ran.end()));
}

/// Tasks that block until the test lets them go.
class StuckPoolTest : public CallbackPoolTest {
 protected:
  void block(Pool& pool) {
    pool.tasks.post([this] {
      ++running_;
      gate_.wait();
    });
  }

  std::atomic<int> running_{0};
  Gate gate_;
};

TEST_F(StuckPoolTest, LongTaskDoesNotDelayTheNextOne) {
  std::atomic<bool> done{false};
  Pool pool(3);
  block(pool);
  block(pool);
  pool.tasks.post([&] { done = true; });
  time_.settle();
  EXPECT_EQ(running_, 1);
  EXPECT_FALSE(done);
  time_.advance(40ms);
  EXPECT_EQ(running_, 2);
  EXPECT_TRUE(done);
  gate_.open();
}

TEST_F(StuckPoolTest, TwoTasksAtOnceDoNotShareAnIdleThread) {
  std::atomic<bool> done{false};
  Pool pool(3);
  pool.tasks.post([] {});
  time_.settle();  // its thread is idle now
  block(pool);
  pool.tasks.post([&] { done = true; });
  time_.advance(20ms);
  EXPECT_TRUE(done);
  gate_.open();
}

TEST_F(StuckPoolTest, ThereAreNoMoreThreadsThanItsLimit) {
  Pool pool(2);
  for (int i = 0; i < 4; ++i) block(pool);
  time_.settle();
  EXPECT_EQ(running_, 1);
  time_.advance(20ms);
  EXPECT_EQ(running_, 2);
  time_.advance(200ms);
  EXPECT_EQ(running_, 2);
  gate_.open();
  time_.settle();
  EXPECT_EQ(running_, 4);
}

TEST_F(StuckPoolTest, DestructorWaitsForRunningTasksAndDropsTheRest) {
  auto pool = std::make_unique<Pool>(1);
  block(*pool);
  block(*pool);
  time_.settle();
  auto ended = in_background([&] { pool.reset(); });
  EXPECT_FALSE(ended.is_done());
  gate_.open();
  ended.get();
  EXPECT_EQ(running_, 1);
}

TEST_F(StuckPoolTest, ExitLeavesATaskBehindThatDoesNotEnd) {
  Background background;
  background.losses.post([this] { gate_.wait(); });
  time_.settle();
  bool has_stopped = false;
  auto stopping = in_background([&] {
    background.losses.stop_at_exit(time_.steady_now() + 1s);
    has_stopped = true;
  });
  time_.advance(1s - 1ms);
  EXPECT_FALSE(has_stopped);
  time_.advance(1ms);
  ASSERT_TRUE(stopping.await());
  background.losses.post([&] { ADD_FAILURE() << "after the exit"; });
  gate_.open();
  background.timers.stop();
}

// Nobody would join it: a leak for ThreadSanitizer.
TEST_F(StuckPoolTest, ExitEndsNoThreadWhileOneIsStuck) {
  std::atomic<bool> has_ended{false};  // set by threads that end with the pool
  Background background;
  background.losses.post([this] { gate_.wait(); });
  struct AtTheEnd {
    std::atomic<bool>& has_ended;
    ~AtTheEnd() { has_ended = true; }
  };
  std::atomic<bool> is_done{false};
  background.losses.post([&] {
    thread_local const AtTheEnd at_the_end{has_ended};
    is_done = true;
  });
  time_.advance(1s);  // it has a thread of its own
  ASSERT_TRUE(is_done);
  background.losses.stop_at_exit(time_.steady_now());
  time_.settle();
  EXPECT_FALSE(has_ended);
  gate_.open();
  background.timers.stop();
}

TEST_F(CallbackPoolTest, ExitWaitsForTheTasksThatEnd) {
  Background background;
  int done = 0;
  for (int i = 0; i < 3; ++i) background.watchers.post([&] { ++done; });
  background.watchers.stop_at_exit(time_.steady_now() + 1s);
  EXPECT_EQ(done, 3);
  background.timers.stop();
}

TEST(CallbackExitTest, ATaskThatEndsTheProcessDelaysNoOther) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const auto background = Background::shared();
        std::promise<void> both_are_posted;
        background->losses.post([&] {
          both_are_posted.get_future().wait();
          std::exit(0);
        });
        background->losses.post([] { std::fputs("the other one\n", stderr); });
        both_are_posted.set_value();
        std::promise<void>().get_future().wait();
      },
      ::testing::ExitedWithCode(0), "the other one");
}

TEST_F(CallbackPoolTest, TasksWaitForAThreadToBeHad) {
  Pool pool(3);
  time_.refuse_threads();
  std::atomic<int> ran{0};
  EXPECT_NO_THROW(pool.tasks.post([&] { ++ran; }));
  EXPECT_NO_THROW(pool.tasks.post([&] { ++ran; }));
  time_.advance(10s);
  EXPECT_EQ(ran, 0);
  time_.allow_threads();
  time_.advance(2s);
  EXPECT_EQ(ran, 2) << "each once";
}

/// The signals that the calling thread blocks.
bool blocks(int signal) {
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  return sigismember(&blocked, signal) == 1;
}

TEST(CallbackSignalsTest, AreThoseOfTheThreadThatMadeThePool) {
  sigset_t usr1;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &usr1, nullptr);
  Pool pool(1);
  pthread_sigmask(SIG_UNBLOCK, &usr1, nullptr);
  std::promise<std::vector<bool>> seen;
  pool.tasks.post([&] { seen.set_value({blocks(SIGUSR1), blocks(SIGTERM), blocks(SIGSEGV)}); });
  EXPECT_EQ(seen.get_future().get(), (std::vector<bool>{true, false, false}));
}

TEST_F(CallbackPoolTest, TasksMayPost) {
  std::atomic<bool> done{false};
  Pool pool(1);
  pool.tasks.post([&] { pool.tasks.post([&] { done = true; }); });
  time_.settle();
  EXPECT_TRUE(done);
}

using BackgroundTest = CallbackPoolTest;

TEST_F(BackgroundTest, IsSharedByConcurrentUsers) {
  const auto one = Background::shared();
  EXPECT_EQ(one, Background::shared());
}

TEST_F(BackgroundTest, MayBeReleasedByOneOfItsOwnTasks) {
  auto background = Background::shared();
  const std::weak_ptr<Background> weak = background;
  Gate given_up;
  Executor& timers = background->timers;
  timers.post([&given_up, kept = background]() mutable {
    given_up.wait();
    kept.reset();  // the last one: it is ended elsewhere
  });
  background.reset();
  EXPECT_FALSE(weak.expired());
  given_up.open();
  time_.settle();
  EXPECT_TRUE(weak.expired());
}

}  // namespace
}  // namespace zklock::internal
