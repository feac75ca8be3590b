// The pauses between rounds of attempts to connect: in virtual time.
#include "wire/round_pause.h"

#include <gtest/gtest.h>

#include <chrono>

#include "support/virtual_clock.h"

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using zklock::testing::VirtualClock;

class RoundPauseTest : public ::testing::Test {
 protected:
  /// The pause, on this thread.
  nanoseconds next() {
    const zklock::testing::TimePasses passes(time_.time());
    return wait();
  }
  nanoseconds wait() {
    const SteadyTime begun = time_.steady_now();
    pause_.wait();
    return time_.steady_now() - begun;
  }

  VirtualClock time_;
  RoundPause pause_{12s};
};

TEST_F(RoundPauseTest, DoublesUpToASecondAndVaries) {
  EXPECT_EQ(next(), 0ns) << "the round may have begun at the end of the list";
  for (const nanoseconds most : {200ms, 400ms, 800ms, 1000ms, 1000ms, 1000ms}) {
    const nanoseconds pause = next();
    EXPECT_LE(pause, most);
    EXPECT_GE(pause, most / 2);
  }
  EXPECT_NE(next(), next()) << "or many clients would come back together";
}

TEST_F(RoundPauseTest, IsATenthOfAShortSessionTimeoutAtMost) {
  RoundPause pause(2s);
  EXPECT_EQ(pause.longest(), 200ms);
  const zklock::testing::TimePasses passes(time_.time());
  for (int i = 0; i < 10; ++i) pause.wait();
  const SteadyTime begun = time_.steady_now();
  pause.wait();
  EXPECT_LE(time_.steady_now() - begun, 200ms);
}

TEST_F(RoundPauseTest, BeginsAnewAfterAConnection) {
  for (int i = 0; i < 5; ++i) next();
  pause_.begin_anew(600ms);
  EXPECT_EQ(next(), 0ns);
  EXPECT_LE(next(), 10ms) << "by the timeout that was granted";
  EXPECT_EQ(pause_.longest(), 60ms);
}

TEST_F(RoundPauseTest, EndsAtOnceWhenTheHandleIsClosed) {
  for (int i = 0; i < 5; ++i) next();
  auto waiting = zklock::testing::in_background([&] { return wait(); });
  time_.advance(100ms);
  EXPECT_FALSE(waiting.is_done());
  pause_.end();
  EXPECT_TRUE(waiting.await());
  EXPECT_EQ(waiting.get(), 100ms);
  EXPECT_EQ(next(), 0ns);
}

}  // namespace
}  // namespace zklock::internal
