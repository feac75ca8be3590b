#include "base/executor.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "support/virtual_clock.h"

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;
using zklock::testing::Gate;
using zklock::testing::in_background;

class ExecutorTest : public ::testing::Test {
 protected:
  Executor::Task note(int number) {
    return [this, number] { ran_.push_back(number); };
  }

  zklock::testing::VirtualClock time_;
  std::vector<int> ran_;  // of the executor's thread until that is settled
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
  EXPECT_NE(ran_at.wait_for(0s), std::future_status::ready);
  time_.advance(1ns);
  EXPECT_EQ(ran_at.get(), now + 10s);
}

TEST_F(ExecutorTest, RunsByTimeThenInTheOrderOfScheduling) {
  const SteadyTime now = time_.steady_now();
  executor_.schedule(now + 3s, note(3));
  executor_.schedule(now + 1s, note(1));
  executor_.schedule(now + 2s, note(2));
  executor_.schedule(now + 1s, note(10));
  time_.advance(3s);
  EXPECT_THAT(ran_, ElementsAre(1, 10, 2, 3));
}

TEST_F(ExecutorTest, AnEarlierTaskShortensTheWait) {
  std::promise<void> done;
  executor_.schedule(SteadyTime::max(), note(1));
  time_.settle();
  executor_.schedule(time_.steady_now(), [&] { done.set_value(); });
  done.get_future().wait();
  EXPECT_THAT(ran_, ElementsAre());
}

TEST_F(ExecutorTest, CancelledTaskDoesNotRun) {
  const SteadyTime now = time_.steady_now();
  const Executor::Ticket one = executor_.schedule(now + 1s, note(1));
  EXPECT_NE(one, 0U);
  executor_.cancel(one);
  executor_.cancel(one);
  executor_.cancel(0);
  time_.advance(1s);
  EXPECT_THAT(ran_, ElementsAre());
}

TEST_F(ExecutorTest, CancelDoesNotWaitForARunningTask) {
  Gate gate;
  std::atomic<bool> ended{false};
  const Executor::Ticket ticket = executor_.schedule(SteadyTime::min(), [&] {
    gate.wait();
    ended = true;
  });
  time_.settle();
  executor_.cancel(ticket);
  EXPECT_FALSE(ended);
  gate.open();
  time_.settle();
  EXPECT_TRUE(ended);
}

TEST_F(ExecutorTest, TasksMayPostScheduleAndCancel) {
  executor_.post([&] {
    const SteadyTime now = time_.steady_now();
    executor_.cancel(executor_.schedule(now, note(1)));
    executor_.schedule(now, note(2));
    executor_.post(note(3));
  });
  time_.settle();
  EXPECT_THAT(ran_, UnorderedElementsAre(2, 3));
}

TEST_F(ExecutorTest, TaskIsDestroyedWhenItIsDoneOrCancelled) {
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> weak = owned;
  executor_.post([owned] {});
  owned.reset();
  time_.settle();
  EXPECT_TRUE(weak.expired());
  owned = std::make_shared<int>(2);
  const std::weak_ptr<int> dropped = owned;
  const Executor::Ticket ticket = executor_.schedule(SteadyTime::max(), [owned] {});
  owned.reset();
  executor_.cancel(ticket);
  EXPECT_TRUE(dropped.expired());
}

TEST_F(ExecutorTest, DestructorDropsTasksThatHaveNotStarted) {
  std::atomic<bool> ran{false};
  const auto owned = std::make_shared<int>(1);
  {
    Executor executor("short");
    executor.schedule(SteadyTime::max(), [&ran, owned] { ran = true; });
  }
  EXPECT_FALSE(ran);
  EXPECT_EQ(owned.use_count(), 1);
}

TEST_F(ExecutorTest, DestructorWaitsForTheRunningTask) {
  Gate gate;
  std::atomic<bool> done{false};
  auto executor = std::make_unique<Executor>("short");
  executor->post([&] {
    gate.wait();
    done = true;
  });
  time_.settle();
  auto ended = in_background([&] {
    executor.reset();
    EXPECT_TRUE(done);
  });
  EXPECT_FALSE(ended.is_done());
  gate.open();
  ended.get();
}

}  // namespace
}  // namespace zklock::internal
