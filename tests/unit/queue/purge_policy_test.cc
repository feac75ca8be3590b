#include "queue/purge_policy.h"

#include <gtest/gtest.h>

#include <limits>

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;

/// A foreign holder with a TTL of 10 s that was granted 1 min ago by the servers' clock and by its
/// own, and seen by a contender for the first time just now.
class PurgeTimeTest : public ::testing::Test {
 protected:
  PurgeTimeTest() {
    holder_.stat.czxid = (5LL << 32) + 1;
    holder_.stat.mzxid = (5LL << 32) + 1;
    holder_.stat.mtime = kServerNow - 1min;
    holder_.metadata.emplace();
    holder_.metadata->is_foreign = true;
    holder_.metadata->timestamp = kWallNow - 1min;
    holder_.metadata->ttl_deadline = kWallNow - 50s;
    holder_.first_seen = kNow;
    own_.zxid = (5LL << 32) + 9;
    own_.time = kServerNow;
    own_.known_at = kNow;
  }

  [[nodiscard]] std::optional<SteadyTime> time() const {
    return purge_time(holder_, rule_, own_, kNow, kWallNow);
  }

  static constexpr SteadyTime kNow{100h};
  static constexpr WallTime kWallNow{500'000h};
  static constexpr Stat::Time kServerNow{500'001h};  // an hour ahead

  HolderView holder_;
  PurgeRule rule_{30s, false};
  ServerStamp own_;
};

TEST_F(PurgeTimeTest, HasComeWhenTheServersAndTheHoldersClockAgree) {
  ASSERT_TRUE(time());
  EXPECT_EQ(*time(), kNow - 50s + 11ms);
}

TEST_F(PurgeTimeTest, IsTheLaterOfTheTwoClocks) {
  holder_.stat.mtime = kServerNow - 8s;
  EXPECT_EQ(time(), kNow + 2s + 11ms);
  holder_.metadata->timestamp = kWallNow - 5s;
  holder_.metadata->ttl_deadline = kWallNow + 5s;
  EXPECT_EQ(time(), kNow + 5s);
}

TEST_F(PurgeTimeTest, IsAtMostATtlAndAThousandthAfterTheFirstSight) {
  holder_.metadata->timestamp = kWallNow + 1h;  // its clock is ahead
  holder_.metadata->ttl_deadline = kWallNow + 1h + 10s;
  EXPECT_EQ(time(), kNow + 10s + 10ms);
  holder_.first_seen = kNow - 9s;
  EXPECT_EQ(time(), kNow + 1s + 10ms);
}

TEST_F(PurgeTimeTest, ASlowHoldersClockDoesNotBeatTheServersClock) {
  holder_.stat.mtime = kServerNow;
  EXPECT_EQ(time(), kNow + 10s + 10ms);  // a millisecond before what the servers' clock says
}

TEST_F(PurgeTimeTest, ServersClockIsExtrapolatedFromTheOwnClaim) {
  holder_.stat.mtime = kServerNow - 4s;
  own_.known_at = kNow - 3s;
  EXPECT_EQ(time(), kNow + 3s + 11ms);
}

TEST_F(PurgeTimeTest, AllowsForTimestampsCutToMilliseconds) {
  holder_.stat.mtime = kServerNow - 10s;
  EXPECT_EQ(time(), kNow + 11ms);
}

TEST_F(PurgeTimeTest, StampsOfTwoLeadersAreNotCompared) {
  holder_.stat.mzxid = (4LL << 32) + 1'000;
  EXPECT_EQ(time(), kNow + 10s + 10ms);
  holder_.stat.mzxid = (6LL << 32) + 1;
  EXPECT_EQ(time(), kNow + 10s + 10ms);
}

TEST_F(PurgeTimeTest, TheLastWriteCountsNotTheCreation) {
  holder_.stat.czxid = (4LL << 32) + 1'000;
  EXPECT_LT(time(), kNow);
}

TEST_F(PurgeTimeTest, ARenewalAfterTheOwnClaimCountsFromTheFirstSight) {
  holder_.stat.mzxid = own_.zxid + 1;
  holder_.stat.mtime = kServerNow + 1ms;
  own_.known_at = kNow - 1h;  // the servers' clock is only guessed at by now
  EXPECT_EQ(time(), kNow + 10s + 10ms);
}

TEST_F(PurgeTimeTest, AHolderOfOursCountsFromTheFirstSightWhateverClocksShow) {
  holder_.metadata->is_foreign = false;
  EXPECT_EQ(time(), kNow + 10s + 10ms);
}

TEST_F(PurgeTimeTest, AMarkedWaiterCountsFromTheFirstSight) {
  holder_.metadata->is_foreign = false;
  holder_.metadata->waiting = true;
  holder_.metadata->ttl_once_granted = 10s;
  EXPECT_EQ(time(), kNow + 10s + 10ms);
}

TEST_F(PurgeTimeTest, AClaimSeenFurtherBackCountsFromTheFirstSight) {
  holder_.seen_further_back = true;
  EXPECT_EQ(time(), kNow + 10s + 10ms);
}

TEST_F(PurgeTimeTest, NeverComesForAContenderWithoutATtl) {
  for (const auto ttl : {0ns, std::chrono::nanoseconds(-1s)}) {
    rule_ = {ttl, true};
    EXPECT_EQ(time(), std::nullopt);
  }
}

TEST_F(PurgeTimeTest, NeverComesForAHolderWithoutATtl) {
  holder_.metadata->ttl_deadline.reset();
  EXPECT_EQ(time(), std::nullopt);
  holder_.metadata->ttl_deadline = holder_.metadata->timestamp + 999us;  // no TTL to speak of
  EXPECT_EQ(time(), std::nullopt);
  holder_.metadata->ttl_deadline = holder_.metadata->timestamp - 1h;
  EXPECT_EQ(time(), std::nullopt);
  holder_.metadata->waiting = true;
  EXPECT_EQ(time(), std::nullopt);
  holder_.metadata.reset();
  EXPECT_EQ(time(), std::nullopt);
}

TEST_F(PurgeTimeTest, PurgeWithoutTtlAppliesTheContendersTtl) {
  rule_.purge_without_ttl = true;
  holder_.metadata->ttl_deadline.reset();
  EXPECT_EQ(time(), kNow + 30s + 30ms);
  holder_.metadata.reset();
  holder_.first_seen = kNow - 1s;
  EXPECT_EQ(time(), kNow + 29s + 30ms);
}

TEST_F(PurgeTimeTest, TheHoldersOwnTtlComesFirst) {
  rule_ = {1s, true};
  holder_.seen_further_back = true;
  EXPECT_EQ(time(), kNow + 10s + 10ms);
}

TEST_F(PurgeTimeTest, ExtremeTimesDoNotOverflow) {
  using Milliseconds = std::chrono::milliseconds;
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  for (const std::int64_t mtime : {kLeast, std::int64_t{0}, kMost}) {
    for (const std::int64_t ctime : {kLeast, std::int64_t{0}, kMost}) {
      for (const WallTime deadline : {WallTime::min(), WallTime(0ns), WallTime::max()}) {
        for (const WallTime timestamp : {WallTime::min(), WallTime(0ns), WallTime::max()}) {
          for (const WallTime wall : {WallTime::min(), WallTime(0ns), WallTime::max()}) {
            for (const SteadyTime now : {SteadyTime::min(), SteadyTime(0ns), SteadyTime::max()}) {
              holder_.stat.mtime = Stat::Time(Milliseconds(mtime));
              own_.time = Stat::Time(Milliseconds(ctime));
              holder_.metadata->ttl_deadline = deadline;
              holder_.metadata->timestamp = timestamp;
              const auto at =
                  purge_time(holder_, {std::chrono::nanoseconds::max(), true}, own_, now, wall);
              ASSERT_TRUE(at);  // undefined behaviour is for the sanitizers to find
            }
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace zklock::internal
