#include "queue/holder_memory.h"

#include <gtest/gtest.h>

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;

class HolderMemoryTest : public ::testing::Test {
 protected:
  static Stat stat(std::int64_t czxid, std::int32_t version = 0) {
    return Stat{.czxid = czxid, .version = version};
  }

  static constexpr SteadyTime kNow{100h};
  HolderMemory memory_;
};

TEST_F(HolderMemoryTest, RemembersWhenTheHolderWasFirstSeen) {
  memory_.listed("a", 10);
  EXPECT_EQ(memory_.see("a", stat(1), std::nullopt, kNow).first_seen, kNow);
  memory_.listed("a", 11);
  EXPECT_EQ(memory_.see("a", stat(1), std::nullopt, kNow + 5s).first_seen, kNow);
}

TEST_F(HolderMemoryTest, AChangedHolderIsSeenForTheFirstTime) {
  memory_.listed("a", 10);
  static_cast<void>(memory_.see("a", stat(1), std::nullopt, kNow));
  EXPECT_EQ(memory_.see("a", stat(1, 1), std::nullopt, kNow + 5s).first_seen, kNow + 5s);
  EXPECT_EQ(memory_.see("a", stat(1, 1), std::nullopt, kNow + 6s).first_seen, kNow + 5s);
}

TEST_F(HolderMemoryTest, AnotherNodeOfTheSameNameIsSeenForTheFirstTime) {
  memory_.listed("a", 10);
  static_cast<void>(memory_.see("a", stat(1), std::nullopt, kNow));
  EXPECT_EQ(memory_.see("a", stat(12), std::nullopt, kNow + 5s).first_seen, kNow + 5s);
}

TEST_F(HolderMemoryTest, ANewcomersHolderWasNotSeenFurtherBack) {
  memory_.listed("a", 10);
  EXPECT_FALSE(memory_.see("a", stat(1), std::nullopt, kNow).seen_further_back);
}

TEST_F(HolderMemoryTest, AHolderListedBehindAnEarlierOneWasSeenFurtherBack) {
  memory_.listed("a", 10);
  memory_.listed("b", 10);  // it was in the list behind a
  EXPECT_TRUE(memory_.see("b", stat(5), std::nullopt, kNow).seen_further_back);
}

TEST_F(HolderMemoryTest, AHolderNewerThanTheListWasNotSeenFurtherBack) {
  memory_.listed("a", 10);
  memory_.listed("b", 20);
  EXPECT_FALSE(memory_.see("b", stat(15), std::nullopt, kNow).seen_further_back);
}

TEST_F(HolderMemoryTest, AHolderListedTwiceWasNotSeenFurtherBack) {
  memory_.listed("b", 10);
  memory_.listed("b", 20);
  EXPECT_FALSE(memory_.see("b", stat(5), std::nullopt, kNow).seen_further_back);
}

TEST_F(HolderMemoryTest, AnotherThreadsHolderCountsAsSeenFurtherBack) {
  memory_.listed("a", 10);
  memory_.listed("b", 20);
  EXPECT_TRUE(memory_.see("a", stat(1), std::nullopt, kNow).seen_further_back);
}

TEST_F(HolderMemoryTest, PassesTheMetadataOn) {
  memory_.listed("a", 10);
  Metadata metadata;
  metadata.owner = "user1";
  const HolderView view = memory_.see("a", stat(1, 7), metadata, kNow);
  EXPECT_EQ(view.metadata, metadata);
  EXPECT_EQ(view.stat, stat(1, 7));
}

}  // namespace
}  // namespace zklock::internal
