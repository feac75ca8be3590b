#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/lock.h>
#include <zklock/token_gate.h>

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <vector>

namespace zklock {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();

static_assert(
    std::is_same_v<decltype(Lease().fencing_token()), decltype(TokenGate().largest("resource"))>);

TEST(TokenGateTest, RefusesATokenThatIsSmallerThanAnEarlierOne) {
  TokenGate gate;
  EXPECT_TRUE(gate.admit("a", 5));
  EXPECT_TRUE(gate.admit("a", 7));
  EXPECT_FALSE(gate.admit("a", 5));
  EXPECT_FALSE(gate.admit("a", 6));
  EXPECT_TRUE(gate.admit("a", kLargest));
}

TEST(TokenGateTest, AdmitsTheSameTokenAgain) {
  TokenGate gate;
  EXPECT_TRUE(gate.admit("a", 5));
  EXPECT_TRUE(gate.admit("a", 5));
}

TEST(TokenGateTest, ResourcesDoNotConcernEachOther) {
  TokenGate gate;
  EXPECT_TRUE(gate.admit("a", 5));
  EXPECT_TRUE(gate.admit("b", 3));
  EXPECT_FALSE(gate.admit("a", 4));
  EXPECT_TRUE(gate.admit("b", 4));
}

TEST(TokenGateTest, RefusesTheTokenOfAnEmptyLease) {
  TokenGate gate;
  EXPECT_FALSE(gate.admit("a", Lease().fencing_token()));
  EXPECT_FALSE(gate.admit("a", -1));
  EXPECT_THAT(gate.largest(), ElementsAre());
}

TEST(TokenGateTest, RefusedTokensDoNotChangeTheLargest) {
  TokenGate gate;
  EXPECT_EQ(gate.largest("a"), 0);
  ASSERT_TRUE(gate.admit("a", 7));
  ASSERT_FALSE(gate.admit("a", 5));
  EXPECT_EQ(gate.largest("a"), 7);
  EXPECT_EQ(gate.largest("b"), 0);
}

TEST(TokenGateTest, ContinuesWithWhatWasStored) {
  TokenGate before;
  ASSERT_TRUE(before.admit("a", 7));
  ASSERT_TRUE(before.admit("b", 3));
  TokenGate after(before.largest());
  EXPECT_THAT(after.largest(), ElementsAre(Pair("a", 7), Pair("b", 3)));
  EXPECT_FALSE(after.admit("a", 6));
  EXPECT_TRUE(after.admit("a", 7));
}

TEST(TokenGateTest, ThreadsNeverSeeTheTokensFall) {
  constexpr std::int64_t kTokens = 2'000;
  constexpr int kThreads = 4;
  TokenGate gate;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&gate] {
      for (std::int64_t token = 1; token <= kTokens; ++token) {
        const std::int64_t before = gate.largest("a");
        const bool is_admitted = gate.admit("a", token);
        EXPECT_FALSE(token < before && is_admitted);
        EXPECT_GE(gate.largest("a"), before);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(gate.largest("a"), kTokens);
}

TEST(TokenBaseTest, TokensOfTheNewEnsembleAreLargerThanThoseOfTheOldOne) {
  TokenGate gate;
  ASSERT_TRUE(gate.admit("a", TokenBase().token(900)));
  const TokenBase base(1'000);
  EXPECT_TRUE(gate.admit("a", base.token(1)));
  EXPECT_FALSE(gate.admit("a", TokenBase().token(1'000)));
}

TEST(TokenBaseTest, TheTokenOfAnEmptyLeaseStaysNone) { EXPECT_EQ(TokenBase(1'000).token(0), 0); }

TEST(TokenBaseTest, RefusesWhatDoesNotFit) {
  EXPECT_THROW(TokenBase(-1), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(TokenBase(kLargest).token(1)), std::overflow_error);
  EXPECT_EQ(TokenBase(kLargest - 1).token(1), kLargest);
}

}  // namespace
}  // namespace zklock
