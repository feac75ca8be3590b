// Holding: how a lease learns that it is lost, and how it proves that it is not.
#include "lock_fixture.h"

namespace zklock {
namespace {

using ::testing::_;
using ::testing::DoDefault;
using ::testing::Return;

using LockLeaseTest = LockTest;

TEST_F(LockLeaseTest, SessionExpiryLosesIt) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  zk_->expire();
  EXPECT_FALSE(lease.valid());
  EXPECT_EQ(lease.loss_reason(), LossReason::session_expired);
  EXPECT_EQ(lease.valid_until(), std::chrono::steady_clock::time_point::min());
  ASSERT_TRUE(seen_->await("lost"));
  EXPECT_EQ(seen_->all("lost")[0].fencing_token, lease.fencing_token());
  EXPECT_TRUE(lease.lost().stop_requested());
  EXPECT_FALSE(lock.lease());
}

TEST_F(LockLeaseTest, TheReasonIsThatOfTheSession) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  zk_->expire(LossReason::cut_off);
  EXPECT_EQ(lease.loss_reason(), LossReason::cut_off);
}

TEST_F(LockLeaseTest, IsInvalidBeforeTheLossIsReported) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  std::promise<bool> valid;
  const std::stop_callback told(lease.lost(), [&] { valid.set_value(lease.valid()); });
  zk_->expire();
  EXPECT_FALSE(valid.get_future().get());
}

TEST_F(LockLeaseTest, IsInvalidOnceTheSessionIsNotCertainAnyMore) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  const auto end = time_.steady_now() + 5s;
  zk_->own_session()->be_certain_until(end);
  EXPECT_EQ(lease.valid_until(), end);
  time_.advance(5s - 1ns);
  EXPECT_TRUE(lease.valid());
  time_.advance(1ns);
  EXPECT_FALSE(lease.valid());
  EXPECT_EQ(lease.loss_reason(), LossReason::cut_off);
  zk_->own_session()->be_certain_until(end + 5s);
  EXPECT_FALSE(lease.valid());  // for good
  EXPECT_EQ(zk_->removed_in_background(), (std::vector<std::string>{lease.znode()}));
}

TEST_F(LockLeaseTest, IsLostIfItsSessionCannotSayWhenItIsCertainAgain) {
  ZooKeeperLockConfig suspending = config();
  suspending.when_uncertain = WhenUncertain::suspend;
  ZooKeeperLock lock(suspending, zk_);
  const Lease lease = lock.lock();
  zk_->own_session()->be_certain_until(time_.steady_now());
  EXPECT_FALSE(lease.valid());
  ASSERT_TRUE(seen_->await("lost"));
  EXPECT_EQ(lease.loss_reason(), LossReason::cut_off);
  EXPECT_TRUE(lease.suspended().stop_requested());
}

TEST_F(LockLeaseTest, IsNotGrantedInAnExpiredSession) {
  ZooKeeperLock lock(config(), zk_);
  zk_->own_session()->doubt(ZooKeeperErrc::session_expired);  // `lost` is notified a little later
  const Lease lease = lock.lock();
  EXPECT_EQ(seen_->count("requeued"), 1U);
  EXPECT_TRUE(lease.valid());
}

TEST_F(LockLeaseTest, IsNotGrantedWhenTheSessionIsNotCertainByTheDeadline) {
  ZooKeeperLock lock(config(), zk_);
  zk_->own_session()->doubt(ZooKeeperErrc::operation_timeout);
  EXPECT_EQ(error_of([&] { lock.lock(); }).code(), Errc::no_server_answered);
  EXPECT_FALSE(lock.lease());
}

TEST_F(LockLeaseTest, DeletionOfTheClaimLosesIt) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  time_.advance(50ms);
  ASSERT_TRUE(zk_->await_watched(lease.znode()));
  zk_->erase(lease.znode());
  EXPECT_FALSE(lease.valid());
  EXPECT_EQ(lease.loss_reason(), LossReason::claim_deleted);
  ASSERT_TRUE(seen_->await("lost"));
}

TEST_F(LockLeaseTest, DeletionBeforeTheWatchIsNoticedWhenItIsSet) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  zk_->erase(lease.znode());
  EXPECT_TRUE(lease.valid());
  time_.advance(50ms);
  ASSERT_TRUE(seen_->await("lost"));
  EXPECT_EQ(lease.loss_reason(), LossReason::claim_deleted);
}

TEST_F(LockLeaseTest, AShortHoldSetsNoWatch) {
  EXPECT_CALL(*zk_, get_and_watch).Times(0);
  ZooKeeperLock lock(config(), zk_);
  lock.lock();
  time_.advance(49ms);
  lock.unlock();
  time_.advance(1s);
}

TEST_F(LockLeaseTest, AChangeOfTheClaimIsNoLossAndIsWatchedAgain) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  time_.advance(50ms);
  ASSERT_TRUE(zk_->await_watched(lease.znode()));
  zk_->write(lease.znode(), "graffiti");
  ASSERT_TRUE(zk_->await_watched(lease.znode()));
  EXPECT_TRUE(lease.valid());
  zk_->erase(lease.znode());
  EXPECT_FALSE(lease.valid());
}

TEST_F(LockLeaseTest, AReconnectIsNoLossAndIsWatchedAgain) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  time_.advance(50ms);
  ASSERT_TRUE(zk_->await_watched(lease.znode()));
  std::promise<void> watched_again;
  EXPECT_CALL(*zk_, get_and_watch(lease.znode(), _, _))
      .WillOnce([&](const std::string& path, const auto& watcher, const Context&) {
        Result<Znode> znode = zk_->do_get_and_watch(path, watcher);
        watched_again.set_value();
        return znode;
      });
  zk_->tell(lease.znode(), WatchEvent::Type::reconnected);
  watched_again.get_future().wait();
  EXPECT_TRUE(lease.valid());
}

TEST_F(LockLeaseTest, LossRemovesTheClaimInTheBackground) {
  ZooKeeperLock lock(ttl_config(1s), zk_);
  const Lease lease = lock.lock();
  time_.advance(1s);
  EXPECT_FALSE(lease.valid());
  EXPECT_EQ(zk_->removed_in_background(), (std::vector<std::string>{lease.znode()}));
}

TEST_F(LockLeaseTest, VerifyAsksTheServers) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  EXPECT_NO_THROW(lease.verify());
  zk_->erase(lease.znode());
  EXPECT_TRUE(lease.valid());
  EXPECT_EQ(error_of([&] { lease.verify(); }).code(), Errc::lock_lost);
  EXPECT_FALSE(lease.valid());
  EXPECT_EQ(lease.loss_reason(), LossReason::claim_deleted);
}

TEST_F(LockLeaseTest, VerifyIsRetriedWhenTheConnectionBreaks) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  EXPECT_CALL(*zk_, get)
      .WillOnce(Return(ZooKeeperErrc::connection_loss))
      .WillRepeatedly(DoDefault());
  EXPECT_NO_THROW(lease.verify());
}

TEST_F(LockLeaseTest, VerifyWithoutAnAnswerFailsAndLosesNothing) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  EXPECT_CALL(*zk_, get).WillOnce(Return(ZooKeeperErrc::operation_timeout));
  const LockError error = error_of([&] { lease.verify(late()); });
  EXPECT_EQ(error.code(), Errc::no_server_answered);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::operation_timeout);
  EXPECT_TRUE(lease.valid());
}

TEST_F(LockLeaseTest, RefusedVerifyFails) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  EXPECT_CALL(*zk_, get).WillOnce(Return(ZooKeeperErrc::no_auth));
  std::error_code error;
  lease.verify(Context(), error);
  EXPECT_EQ(error, Errc::locking_failed);
}

TEST_F(LockLeaseTest, VerifyReportsTheLossOfTheSession) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  EXPECT_CALL(*zk_, get).WillOnce([&](const std::string&, const Context&) {
    zk_->expire();
    return ZooKeeperErrc::session_expired;
  });
  EXPECT_EQ(error_of([&] { lease.verify(); }).code(), Errc::lock_lost);
}

TEST_F(LockLeaseTest, VerifyOfALostLeaseSendsNothing) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  zk_->expire();
  EXPECT_CALL(*zk_, get).Times(0);
  EXPECT_EQ(error_of([&] { lease.verify(); }).code(), Errc::lock_lost);
}

TEST_F(LockLeaseTest, RenewWithoutATtlHasNothingToDo) {
  EXPECT_CALL(*zk_, set).Times(0);
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  EXPECT_NO_THROW(lease.renew());
  zk_->expire();
  EXPECT_EQ(error_of([&] { lease.renew(); }).code(), Errc::lock_lost);
}

TEST_F(LockLeaseTest, AnEmptyLeaseIsFalseAndThrows) {
  const Lease lease;
  EXPECT_FALSE(lease);
  EXPECT_FALSE(lease.valid());
  EXPECT_EQ(lease.valid_until(), std::chrono::steady_clock::time_point::min());
  EXPECT_FALSE(lease.lost().stop_possible());
  EXPECT_FALSE(lease.loss_reason());
  EXPECT_EQ(lease.fencing_token(), 0);
  EXPECT_EQ(lease.znode(), "");
  EXPECT_EQ(lease.owner(), "");
  EXPECT_EQ(error_of([&] { lease.renew(); }).code(), Errc::lock_lost);
  std::error_code error;
  lease.verify({}, error);
  EXPECT_EQ(error, Errc::lock_lost);
  EXPECT_EQ(lease, Lease());
}

}  // namespace
}  // namespace zklock
