#include "callback_pool.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <vector>

#include "background.h"
#include "support/manual_platform.h"

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;
using zklock::testing::ManualPlatform;
using zklock::testing::PassingTime;

class CallbackPoolTest : public ::testing::Test {
 protected:
  ManualPlatform& time_ = ManualPlatform::instance();
};

TEST_F(CallbackPoolTest, RunsTasksInTheOrderOfTheirComing) {
  std::vector<int> ran;
  std::promise<void> done;
  Executor timers("timers");
  CallbackPool pool("test", 1, timers);
  for (int i = 0; i < 100; ++i) pool.post([&ran, i] { ran.push_back(i); });
  pool.post([&] { done.set_value(); });
  done.get_future().wait();
  ASSERT_EQ(ran.size(), 100U);
  EXPECT_TRUE(std::is_sorted(ran.begin(), ran.end()));
}

/// A pool, and tasks that block until the test lets them go.
class StuckPoolTest : public CallbackPoolTest {
 protected:
  void block(CallbackPool& pool) {
    pool.post([this] {
      ++running_;
      released_.wait();
    });
  }

  std::atomic<int> running_{0};
  std::promise<void> release_;
  const std::shared_future<void> released_ = release_.get_future().share();
};

TEST_F(StuckPoolTest, ATaskThatTakesLongDoesNotHoldUpTheNextOne) {
  Executor timers("timers");
  CallbackPool pool("test", 3, timers);
  block(pool);
  block(pool);
  std::promise<void> done;
  pool.post([&] { done.set_value(); });
  const PassingTime passing(time_);
  done.get_future().wait();
  EXPECT_EQ(running_, 2);
  release_.set_value();
}

TEST_F(StuckPoolTest, ThereAreNoMoreThreadsThanItsLimit) {
  Executor timers("timers");
  CallbackPool pool("test", 2, timers);
  for (int i = 0; i < 4; ++i) block(pool);
  while (running_ < 1) std::this_thread::yield();
  {
    const PassingTime passing(time_);
    while (running_ < 2) std::this_thread::yield();
  }
  for (int i = 0; i < 10; ++i) time_.advance(20ms);
  EXPECT_EQ(running_, 2);
  release_.set_value();
  while (running_ < 4) std::this_thread::yield();
}

TEST_F(CallbackPoolTest, WhatHasNotBegunWhenItEndsIsDropped) {
  std::promise<void> begun;
  std::promise<void> go;
  bool ran = false;
  std::jthread releases;
  {
    Executor timers("timers");
    CallbackPool pool("test", 1, timers);
    pool.post([&] {
      begun.set_value();
      go.get_future().wait();
    });
    begun.get_future().wait();
    pool.post([&] { ran = true; });
    releases = std::jthread([&] {
      std::this_thread::sleep_for(5ms);  // so that the end has begun, most times
      go.set_value();
    });
  }
  static_cast<void>(ran);  // either is right; what counts is that the end waited for what ran
}

TEST_F(CallbackPoolTest, TasksMayPost) {
  std::promise<void> done;
  Executor timers("timers");
  CallbackPool pool("test", 1, timers);
  pool.post([&] { pool.post([&] { done.set_value(); }); });
  done.get_future().wait();
}

TEST(BackgroundTest, IsSharedByAllWhoUseItAtTheSameTime) {
  const auto one = Background::shared();
  EXPECT_EQ(one, Background::shared());
}

TEST(BackgroundTest, MayBeGivenUpByOneOfItsOwnTasks) {
  auto background = Background::shared();
  std::promise<void> done;
  std::promise<void> given_up;
  Executor& timers = background->timers;
  timers.post([&done, &given_up, kept = background]() mutable {
    given_up.get_future().wait();
    kept.reset();  // the last one: it is ended elsewhere
    done.set_value();
  });
  background.reset();
  given_up.set_value();
  done.get_future().wait();
}

}  // namespace
}  // namespace zklock::internal
