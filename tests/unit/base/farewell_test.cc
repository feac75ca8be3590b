#include "base/farewell.h"

#include <gtest/gtest.h>

#include <chrono>

#include "support/virtual_clock.h"

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;

class FarewellTest : public ::testing::Test {
 protected:
  /// Ends something that answers after `delay`. Returns how long that took.
  std::chrono::nanoseconds end_after(std::chrono::nanoseconds delay) {
    const SteadyTime begun = time_.steady_now();
    const Farewell farewell;
    time_.advance(
        std::min<std::chrono::nanoseconds>(delay, *farewell.context().deadline() - begun));
    return time_.steady_now() - begun;
  }

  zklock::testing::VirtualClock time_;
};

TEST_F(FarewellTest, ManyThatWaitInVainTakeAboutASecondInAll) {
  std::chrono::nanoseconds all{0};
  for (int i = 0; i < 35; ++i) all += end_after(1h);
  EXPECT_GE(all, 900ms);
  EXPECT_LT(all, 1'500ms);
}

TEST_F(FarewellTest, ThoseThatAreAnsweredSoonCostNothing) {
  for (int i = 0; i < 1'000; ++i) EXPECT_EQ(end_after(3ms), 3ms);
  EXPECT_EQ(end_after(1h), 900ms);
}

TEST_F(FarewellTest, AnAnswerGivesTheTimeBack) {
  end_after(1h);
  Farewell::servers_answered();
  EXPECT_EQ(end_after(1h), 900ms);
}

TEST_F(FarewellTest, AnEndThatWaitsForNothingGivesNoTimeBack) {
  end_after(1h);
  end_after(0ms);
  EXPECT_LT(end_after(1h), 100ms);
}

TEST_F(FarewellTest, EachMayWaitAMoment) {
  end_after(1h);
  EXPECT_GE(end_after(1h), 10ms);
}

TEST_F(FarewellTest, TheTimeComesBackSlowly) {
  end_after(1h);
  time_.advance(4s);
  const std::chrono::nanoseconds some = end_after(1h);
  EXPECT_GE(some, 400ms);
  EXPECT_LT(some, 500ms);
  time_.advance(1h);
  EXPECT_EQ(end_after(1h), 900ms);
}

}  // namespace
}  // namespace zklock::internal
