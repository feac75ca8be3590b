// Lease::ending, remaining and require: on the fake, in virtual time. The session timeout is 10 s.
#include <gtest/gtest.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/zookeeper_lock.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <list>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "support/error_of.h"

namespace zklock {
namespace {

using namespace std::chrono_literals;
using zklock::test::error_of;
using zklock::testing::FakeZooKeeper;

class LeaseEndingTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<ZooKeeperLock> lock_with(std::chrono::milliseconds ttl) const {
    return std::make_unique<ZooKeeperLock>(ZooKeeperLockConfig{.path = "/locks", .ttl = ttl},
                                           client_);
  }
  /// So much of the lease is left, and no server answers any more.
  void let_pass_until(const Lease& lease, std::chrono::nanoseconds left) {
    zk_.advance(lease.remaining() - left);
  }

  FakeZooKeeper zk_;
  const FakeZooKeeper::Client client_ = zk_.connect({.session_timeout = 10s});
  const std::unique_ptr<ZooKeeperLock> lock_ = lock_with(0ms);
};

TEST_F(LeaseEndingTest, IsToldBeforeTheSessionIsUncertain) {
  const Lease lease = lock_->lock();
  const std::stop_token ending = lease.ending(2s);
  zk_.advance(10min);
  EXPECT_FALSE(ending.stop_requested()) << "evidence moves it on";
  zk_.stall(client_);
  let_pass_until(lease, 2s + 1ms);
  EXPECT_FALSE(ending.stop_requested());
  zk_.advance(1ms);
  EXPECT_TRUE(ending.stop_requested());
  EXPECT_TRUE(lease.valid());
  EXPECT_FALSE(lease.lost().stop_requested());
  zk_.restore(client_);
}

TEST_F(LeaseEndingTest, TheLargestMarginBelowAQuarterOfTheTimeoutIsNotReachedInPeace) {
  const Lease lease = lock_->lock();
  const std::stop_token ending = lease.ending(2'499ms);
  zk_.advance(2h);
  EXPECT_FALSE(ending.stop_requested());
}

TEST_F(LeaseEndingTest, IsToldBeforeTheEndOfTheTtlUnlessThatIsRenewed) {
  const auto lock = lock_with(60s);
  const Lease lease = lock->lock();
  const std::stop_token ending = lease.ending(2s);
  zk_.advance(50s);
  lease.renew();
  zk_.advance(58s - 1ms);
  EXPECT_FALSE(ending.stop_requested());
  zk_.advance(1ms);
  EXPECT_TRUE(ending.stop_requested());
  EXPECT_TRUE(lease.valid());
}

TEST_F(LeaseEndingTest, AToldTokenStaysToldAndALaterOneIsForWhatIsLeftThen) {
  const auto lock = lock_with(60s);
  const Lease lease = lock->lock();
  const std::stop_token before = lease.ending(2s);
  zk_.advance(59s);
  EXPECT_TRUE(before.stop_requested());
  EXPECT_TRUE(lease.ending(2s).stop_requested()) << "less is left";
  lease.renew();
  const std::stop_token after = lease.ending(2s);
  EXPECT_TRUE(before.stop_requested());
  EXPECT_FALSE(after.stop_requested());
  zk_.advance(58s);
  EXPECT_TRUE(after.stop_requested());
}

TEST_F(LeaseEndingTest, AnyOtherLossIsAnEndToo) {
  const Lease lease = lock_->lock();
  const std::stop_token ending = lease.ending(0ms);
  zk_.advance(1s);
  zk_.remove(lease.znode());
  zk_.settle();
  EXPECT_TRUE(ending.stop_requested());
  EXPECT_EQ(lease.remaining(), 0ns);
}

TEST_F(LeaseEndingTest, AReleaseIsNoEnd) {
  const auto lock = lock_with(60s);
  const Lease lease = lock->lock();
  const std::stop_token ending = lease.ending(2s);
  lock->unlock();
  zk_.advance(10min);
  EXPECT_FALSE(ending.stop_requested());
  EXPECT_EQ(lease.remaining(), 0ns);
}

TEST_F(LeaseEndingTest, OfALeaseThatHasEndedOrIsEmptyIsStoppedAlready) {
  const Lease lease = lock_->lock();
  lock_->unlock();
  EXPECT_TRUE(lease.ending(1s).stop_requested());
  EXPECT_TRUE(Lease().ending(1s).stop_requested());
  EXPECT_EQ(Lease().remaining(), 0ns);
}

TEST_F(LeaseEndingTest, ThousandsOfTokensAreToldOnce) {
  std::vector<std::unique_ptr<ZooKeeperLock>> locks;
  std::list<std::stop_callback<std::function<void()>>> callbacks;
  std::atomic<int> told = 0;
  for (int i = 0; i < 100; ++i) {
    locks.push_back(std::make_unique<ZooKeeperLock>(
        ZooKeeperLockConfig{.path = "/many/" + std::to_string(i)}, client_));
    const Lease lease = locks.back()->lock();
    for (int token = 0; token < 10; ++token) {
      callbacks.emplace_back(lease.ending(1s), [&told] { ++told; });
    }
  }
  zk_.stall(client_);
  zk_.advance(8'899ms - 1s);
  EXPECT_EQ(told, 0);
  zk_.advance(1'001ms);
  EXPECT_EQ(told, 1'000);
  zk_.advance(10min);
  EXPECT_EQ(told, 1'000);
  zk_.restore(client_);
}

TEST_F(LeaseEndingTest, AMarginThatDoesNotFitIsRefusedAndTheTextSaysWhatWould) {
  const auto lock = lock_with(2s);
  const Lease with_ttl = lock->lock();
  const auto refused = [](const Lease& lease, std::chrono::milliseconds margin) {
    const LockError error = error_of([&] { static_cast<void>(lease.ending(margin)); });
    EXPECT_EQ(error.code(), Errc::invalid_config);
    EXPECT_EQ(error_of([&] { lease.require(margin); }).code(), Errc::invalid_config);
    return std::string(error.what());
  };
  EXPECT_NE(refused(with_ttl, -1ms).find("-1 ms is negative"), std::string::npos);
  EXPECT_NE(refused(with_ttl, 2s).find("2000 ms must be below the TTL of 2000 ms"),
            std::string::npos);
  lock->unlock();
  const Lease lease = lock_->lock();
  EXPECT_NE(refused(lease, 2'500ms)
                .find("2500 ms must be below a quarter of the session timeout, which is 10000 ms"),
            std::string::npos);
  EXPECT_NO_THROW(static_cast<void>(lease.ending(2'499ms)));
}

TEST_F(LeaseEndingTest, TheLongestMarginIsTheLargestThatIsNotRefused) {
  const Lease lease = lock_->lock();
  EXPECT_EQ(lease.longest_margin(), 2'499ms);
  EXPECT_FALSE(lease.ending(lease.longest_margin()).stop_requested());
  EXPECT_THROW((void)lease.ending(lease.longest_margin() + 1ms), LockError);
  lock_->unlock(lease);
  EXPECT_EQ(lock_with(60s)->lock().longest_margin(), 2'499ms);
  EXPECT_EQ(lock_with(2s)->lock().longest_margin(), 1'999ms);
  EXPECT_EQ(Lease().longest_margin(), 0ms);
}

TEST_F(LeaseEndingTest, RequireReturnsAtOnceIfSoMuchIsLeft) {
  const Lease lease = lock_->lock();
  zk_.stall(client_);
  EXPECT_NO_THROW(lease.require(2s));
  zk_.restore(client_);
}

TEST_F(LeaseEndingTest, RequireWaitsForNewerEvidence) {
  const Lease lease = lock_->lock();
  zk_.advance(1min);
  while (lease.remaining() > 3'400ms) zk_.advance(10ms);  // just before the next checks
  zk_.stall(client_);
  let_pass_until(lease, 2s);
  auto required = zk_.in_background([&] { lease.require(2'200ms); });
  zk_.settle();
  EXPECT_EQ(required.wait_for(0s), std::future_status::timeout);
  zk_.restore(client_);
  EXPECT_EQ(required.wait_for(0s), std::future_status::ready);
  EXPECT_NO_THROW(required.get());
  EXPECT_GE(lease.remaining(), 2'200ms);
}

TEST_F(LeaseEndingTest, RequireRenewsTheTtl) {
  const auto lock = lock_with(60s);
  const Lease lease = lock->lock();
  zk_.advance(59s);
  lease.require(2s);
  EXPECT_GE(lease.remaining(), 2s);
  zk_.advance(30s);
  EXPECT_TRUE(lease.valid());
}

TEST_F(LeaseEndingTest, RequireWithoutAnAnswerFailsAndLosesNothing) {
  const Lease lease = lock_->lock();
  zk_.stall(client_);
  let_pass_until(lease, 2s);
  EXPECT_EQ(error_of([&] { lease.require(2'100ms, Context().with_timeout(1s)); }).code(),
            Errc::no_server_answered);
  EXPECT_TRUE(lease.valid());
  std::error_code error;
  lease.require(2'100ms, Context().with_timeout(1min), error);
  EXPECT_EQ(error, Errc::lock_lost);
  zk_.restore(client_);
}

TEST(LeaseEndingAtADistanceTest, IsNotToldInPeaceByServersThatAnswerWithinAThirtiethOfTheTimeout) {
  FakeZooKeeper zookeeper({.servers = 3, .latency = 50ms});
  ZooKeeperLock lock({.path = "/locks"}, zookeeper.connect({.session_timeout = 10s}));
  const Lease lease = lock.lock();
  lease.require(2'499ms);
  const std::stop_token ending = lease.ending(2'400ms);
  zookeeper.advance(1h);
  EXPECT_FALSE(ending.stop_requested());
}

}  // namespace
}  // namespace zklock
