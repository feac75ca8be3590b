#include "executor.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "support/manual_platform.h"

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

class ExecutorTest : public ::testing::Test {
 protected:
  /// Waits until everything that was due before is done.
  void flush() {
    std::promise<void> done;
    executor_.post([&] { done.set_value(); });
    done.get_future().wait();
  }
  Executor::Task note(int number) {
    return [this, number] { ran_.push_back(number); };
  }

  zklock::testing::ManualPlatform& time_ = zklock::testing::ManualPlatform::instance();
  std::vector<int> ran_;  // of the executor's thread until it is flushed
  Executor executor_{"test"};
};

TEST_F(ExecutorTest, RunsWhatIsPostedInOrderOnOneThreadOfItsOwn) {
  std::promise<std::thread::id> thread;
  for (int i = 0; i < 3; ++i) executor_.post(note(i));
  executor_.post([&] { thread.set_value(std::this_thread::get_id()); });
  EXPECT_NE(thread.get_future().get(), std::this_thread::get_id());
  EXPECT_THAT(ran_, ElementsAre(0, 1, 2));
}

TEST_F(ExecutorTest, RunsWhatIsScheduledAtItsTimeAndNotBefore) {
  const SteadyTime now = time_.steady_now();
  std::promise<SteadyTime> ran;
  auto ran_at = ran.get_future();
  executor_.schedule(now + 10s, [&] { ran.set_value(time_.steady_now()); });
  time_.advance(10s - 1ns);
  std::promise<void> due;
  executor_.schedule(time_.steady_now(), [&] { due.set_value(); });
  due.get_future().wait();
  EXPECT_NE(ran_at.wait_for(0s), std::future_status::ready);
  time_.advance(1ns);
  EXPECT_EQ(ran_at.get(), now + 10s);
}

TEST_F(ExecutorTest, RunsInTheOrderOfTimesAndOfSchedulingWithinATime) {
  const SteadyTime now = time_.steady_now();
  std::promise<void> last;
  executor_.schedule(now + 3s, note(3));
  executor_.schedule(now + 3s, [&] { last.set_value(); });
  executor_.schedule(now + 1s, note(1));
  executor_.schedule(now + 2s, note(2));
  executor_.schedule(now + 1s, note(10));
  time_.advance(3s);
  last.get_future().wait();
  EXPECT_THAT(ran_, ElementsAre(1, 10, 2, 3));
}

TEST_F(ExecutorTest, AnEarlierTaskWakesIt) {
  std::promise<void> done;
  executor_.schedule(SteadyTime::max(), note(1));
  flush();
  executor_.schedule(time_.steady_now(), [&] { done.set_value(); });
  done.get_future().wait();
  EXPECT_THAT(ran_, ElementsAre());
}

TEST_F(ExecutorTest, WhatIsCancelledIsNotRun) {
  const SteadyTime now = time_.steady_now();
  const Executor::Ticket one = executor_.schedule(now + 1s, note(1));
  std::promise<void> done;
  executor_.schedule(now + 1s, [&] { done.set_value(); });
  EXPECT_NE(one, 0U);
  executor_.cancel(one);
  executor_.cancel(one);
  executor_.cancel(0);
  time_.advance(1s);
  done.get_future().wait();
  EXPECT_THAT(ran_, ElementsAre());
}

TEST_F(ExecutorTest, ATaskThatRunsIsNotWaitedForByCancel) {
  std::promise<void> begun;
  std::promise<void> go;
  const Executor::Ticket ticket = executor_.schedule(SteadyTime::min(), [&] {
    begun.set_value();
    go.get_future().wait();
  });
  begun.get_future().wait();
  executor_.cancel(ticket);
  go.set_value();
  flush();
}

TEST_F(ExecutorTest, TasksMayPostScheduleAndCancel) {
  std::promise<void> done;
  executor_.post([&] {
    const Executor::Ticket ticket = executor_.schedule(SteadyTime::max(), note(1));
    executor_.cancel(ticket);
    executor_.post([&] { done.set_value(); });
  });
  done.get_future().wait();
}

TEST_F(ExecutorTest, WhatATaskOwnsIsDestroyedWhenItIsDoneOrCancelled) {
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> weak = owned;
  executor_.post([owned] {});
  owned.reset();
  flush();
  flush();
  EXPECT_TRUE(weak.expired());
  owned = std::make_shared<int>(2);
  const std::weak_ptr<int> dropped = owned;
  const Executor::Ticket ticket = executor_.schedule(SteadyTime::max(), [owned] {});
  owned.reset();
  executor_.cancel(ticket);
  EXPECT_TRUE(dropped.expired());
}

TEST_F(ExecutorTest, WhatHasNotBegunWhenItEndsIsDropped) {
  std::atomic<bool> ran{false};
  const auto owned = std::make_shared<int>(1);
  {
    Executor executor("short");
    executor.schedule(SteadyTime::max(), [&ran, owned] { ran = true; });
  }
  EXPECT_FALSE(ran);
  EXPECT_EQ(owned.use_count(), 1);
}

TEST_F(ExecutorTest, ItsEndWaitsForTheTaskThatRuns) {
  std::atomic<bool> done{false};
  std::promise<void> begun;
  {
    Executor executor("short");
    executor.post([&] {
      begun.set_value();
      std::this_thread::yield();
      done = true;
    });
    begun.get_future().wait();
  }
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace zklock::internal
