#include "queue/standing.h"

#include <gtest/gtest.h>

namespace zklock::internal {
namespace {

using Place = Standing::Place;

std::vector<ClaimName> three() { return {{1, "a-1"}, {2, "b-2"}, {5, "c-5"}}; }

TEST(StandingTest, FirstIsFirst) {
  const Standing standing = standing_of("a-1", three());
  EXPECT_EQ(standing.place, Place::first);
  EXPECT_EQ(standing.claims_ahead, 0U);
  EXPECT_FALSE(standing.is_next());
}

TEST(StandingTest, SecondIsNext) {
  const Standing standing = standing_of("b-2", three());
  EXPECT_EQ(standing.place, Place::behind);
  EXPECT_EQ(standing.holder, "a-1");
  EXPECT_EQ(standing.ahead, "a-1");
  EXPECT_EQ(standing.claims_ahead, 1U);
  EXPECT_TRUE(standing.is_next());
}

TEST(StandingTest, ThirdWaitsForTheSecond) {
  const Standing standing = standing_of("c-5", three());
  EXPECT_EQ(standing.holder, "a-1");
  EXPECT_EQ(standing.ahead, "b-2");
  EXPECT_EQ(standing.claims_ahead, 2U);
  EXPECT_FALSE(standing.is_next());
}

TEST(StandingTest, AClaimThatIsNotListedIsMissing) {
  EXPECT_EQ(standing_of("d-0", three()).place, Place::missing);
  EXPECT_EQ(standing_of("a-1", {}).place, Place::missing);
  EXPECT_FALSE(standing_of("a-1", {}).is_next());
}

}  // namespace
}  // namespace zklock::internal
