// Waiting on behalf of a Context: ContextWait, Pending and Backoff.
#include "base/context_wait.h"

#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <stop_token>

#include "base/backoff.h"
#include "client/pending_answer.h"
#include "support/virtual_clock.h"

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;
using zklock::testing::BackgroundCall;
using zklock::testing::in_background;
using zklock::testing::TimePasses;

class ContextWaitTest : public ::testing::Test {
 protected:
  /// Waits for `ready_` on a thread of its own.
  BackgroundCall<WaitEnd> wait(const Context& context, SteadyTime deadline = SteadyTime::max()) {
    return in_background([this, context, deadline] {
      ContextWait wait(monitor_, context);
      internal::MutexLock lock(monitor_.mutex);
      return wait.wait_until(lock, deadline, [this] { return ready_; });
    });
  }
  void become_ready() {
    {
      const internal::MutexLock lock(monitor_.mutex);
      ready_ = true;
    }
    monitor_.changed->notify_all();
  }

  zklock::testing::VirtualClock time_;
  Monitor monitor_;
  bool ready_ = false;  // guarded by monitor_.mutex
};

TEST_F(ContextWaitTest, EndsWhenItIsReady) {
  auto end = wait(Context());
  EXPECT_FALSE(end.is_done());
  become_ready();
  EXPECT_EQ(end.get(), WaitEnd::ready);
}

TEST_F(ContextWaitTest, ReadyCountsEvenIfTheContextIsOver) {
  std::stop_source stop;
  stop.request_stop();
  ready_ = true;
  EXPECT_EQ(wait(Context().with_timeout(0s).with_stop_token(stop.get_token())).get(),
            WaitEnd::ready);
}

TEST_F(ContextWaitTest, EndsWithTheDeadlineOfTheContext) {
  auto end = wait(Context().with_timeout(3s));
  time_.advance(3s - 1ns);
  EXPECT_FALSE(end.is_done());
  time_.advance(1ns);
  EXPECT_EQ(end.get(), WaitEnd::deadline);
}

TEST_F(ContextWaitTest, EndsWithTheEarlierDeadline) {
  auto end = wait(Context().with_timeout(1h), time_.steady_now() + 3s);
  time_.advance(3s - 1ns);
  EXPECT_FALSE(end.is_done());
  time_.advance(1ns);
  EXPECT_EQ(end.get(), WaitEnd::deadline);
  EXPECT_EQ(wait(Context().with_timeout(0s), time_.steady_now() + 3s).get(), WaitEnd::deadline);
}

TEST_F(ContextWaitTest, EndsWhenOneOfTheTokensIsStopped) {
  std::stop_source one;
  std::stop_source two;
  auto end = wait(Context().with_stop_token(one.get_token()).with_stop_token(two.get_token()));
  EXPECT_FALSE(end.is_done());
  two.request_stop();
  EXPECT_EQ(end.get(), WaitEnd::canceled);
}

TEST_F(ContextWaitTest, AStoppedTokenEndsItAtOnce) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(wait(Context().with_stop_token(stop.get_token())).get(), WaitEnd::canceled);
}

TEST_F(ContextWaitTest, CancellationIsNeverMissed) {
  for (int i = 0; i < 200; ++i) {
    std::stop_source stop;
    auto end = wait(Context().with_stop_token(stop.get_token()));
    stop.request_stop();
    EXPECT_EQ(end.get(), WaitEnd::canceled);
  }
}

using PendingTest = ContextWaitTest;

TEST_F(PendingTest, AnEarlierAnswerIsReturned) {
  PendingAnswer<int> pending;
  pending.complete(7);
  EXPECT_EQ(*pending.wait(Context().with_timeout(0s)), 7);
  EXPECT_FALSE(pending.is_abandoned());
}

TEST_F(PendingTest, AnErrorIsAnAnswer) {
  PendingAnswer<int> pending;
  pending.complete(ZooKeeperErrc::no_node);
  EXPECT_EQ(pending.wait(Context()).error(), ZooKeeperErrc::no_node);
}

TEST_F(PendingTest, ALateAnswerGoesToTheLateHandler) {
  PendingAnswer<int> pending;
  int late = 0;
  EXPECT_EQ(
      pending.wait(Context().with_timeout(0s), [&](const auto& answer) { late = *answer; }).error(),
      ZooKeeperErrc::operation_timeout);
  EXPECT_TRUE(pending.is_abandoned());
  pending.complete(7);
  EXPECT_EQ(late, 7);
}

TEST_F(PendingTest, ALateAnswerWithoutAHandlerIsDropped) {
  std::stop_source stop;
  stop.request_stop();
  PendingAnswer<void> pending;
  EXPECT_EQ(pending.wait(Context().with_stop_token(stop.get_token())).error(),
            ZooKeeperErrc::canceled);
  pending.complete({});
}

using PauseTest = ContextWaitTest;

TEST_F(PauseTest, FirstWaitReturnsAtOnce) {
  const TimePasses passes(time_.time());
  const SteadyTime begun = time_.steady_now();
  Backoff pause;
  pause.wait(Context());
  EXPECT_EQ(time_.steady_now(), begun);
}

TEST_F(PauseTest, WaitsGrowWithJitterInTheirUpperHalf) {
  const TimePasses passes(time_.time());
  Backoff pause;
  pause.wait(Context());
  for (const std::chrono::nanoseconds longest :
       {10ms, 20ms, 40ms, 80ms, 160ms, 320ms, 640ms, 1000ms, 1000ms}) {
    const SteadyTime begun = time_.steady_now();
    pause.wait(Context());
    EXPECT_GE(time_.steady_now() - begun, longest / 2);
    EXPECT_LE(time_.steady_now() - begun, longest);
  }
}

TEST_F(PauseTest, WaitReturnsAtOnceWhenTheContextIsOver) {
  const TimePasses passes(time_.time());
  const SteadyTime begun = time_.steady_now();
  Backoff pause;
  for (int i = 0; i < 10; ++i) pause.wait(Context().with_timeout(0s));
  std::stop_source stop;
  stop.request_stop();
  pause.wait(Context().with_stop_token(stop.get_token()));
  EXPECT_EQ(time_.steady_now(), begun);
}

}  // namespace
}  // namespace zklock::internal
