// TTLs, as the holder sees them: what its claim says, when its lease ends, and renewing.
#include "lock_fixture.h"

namespace zklock {
namespace {

using ::testing::_;
using ::testing::DoDefault;
using ::testing::Return;

class LockTtlTest : public LockTest {
 protected:
  static constexpr auto kTtl = 10s;

  /// Its claim says, and the lease knows, that it is held from now on for the TTL.
  void expect_granted_now(const Lease& lease) {
    const internal::Metadata metadata = metadata_at(lease.znode());
    EXPECT_EQ(metadata.timestamp, time_.wall_now());
    EXPECT_EQ(metadata.ttl_deadline, time_.wall_now() + kTtl);
    EXPECT_EQ(metadata.owner, "user1");
    EXPECT_FALSE(metadata.waiting);
    EXPECT_EQ(lease.valid_until(), time_.steady_now() + kTtl);
  }

  ZooKeeperLock lock_{ttl_config(kTtl), zk_};
};

TEST_F(LockTtlTest, AnUncontendedClaimNeedsNoFurtherWrite) {
  EXPECT_CALL(*zk_, set).Times(0);
  const Lease lease = lock_.lock(owner("user1"));
  expect_granted_now(lease);
}

TEST_F(LockTtlTest, TheShortestTtlWorks) {
  ZooKeeperLock lock(ttl_config(1ms), zk_);
  EXPECT_TRUE(lock.lock().valid());
}

TEST_F(LockTtlTest, AfterAWaitTheGrantIsWrittenByVersion) {
  zk_->claim(kFirst);
  Waiter waiter(lock_, owner("user1"));
  ASSERT_TRUE(seen_->await("waiting"));
  const std::string own = seen_->all("waiting")[0].znode;
  time_.advance(20ms);
  EXPECT_CALL(*zk_, set(own, _, 0, _));
  zk_->erase(kFirst);
  const Lease lease = waiter.lease();
  expect_granted_now(lease);
}

TEST_F(LockTtlTest, ALongWaitIsMarkedUntilTheGrant) {
  zk_->claim(kFirst);
  Waiter waiter(lock_, owner("user1"));
  ASSERT_TRUE(seen_->await("waiting"));
  const std::string own = seen_->all("waiting")[0].znode;
  time_.advance(50ms);
  ASSERT_TRUE(zk_->await_watched(own));
  const internal::Metadata waiting = metadata_at(own);
  EXPECT_TRUE(waiting.waiting);
  EXPECT_EQ(waiting.ttl_once_granted, kTtl);
  EXPECT_EQ(waiting.ttl_deadline, std::nullopt);
  EXPECT_EQ(waiting.owner, "user1");
  time_.advance(1h);
  EXPECT_CALL(*zk_, set(own, _, 1, _));
  zk_->erase(kFirst);
  const Lease lease = waiter.lease();
  const internal::Metadata granted = metadata_at(lease.znode());
  EXPECT_FALSE(granted.waiting);
  EXPECT_EQ(granted.ttl_deadline, time_.wall_now() + kTtl);
  EXPECT_EQ(lease.znode(), own);
}

TEST_F(LockTtlTest, TheMarkCoversTheWaitAndTheTtl) {
  zk_->claim(kFirst);
  Waiter waiter(lock_, Context().with_timeout(3s));
  ASSERT_TRUE(seen_->await("waiting"));
  const std::string own = seen_->all("waiting")[0].znode;
  const auto end_of_wait = time_.wall_now() + 3s;
  time_.advance(50ms);
  ASSERT_TRUE(zk_->await_watched(own));
  EXPECT_EQ(metadata_at(own).ttl_deadline, end_of_wait + kTtl);
}

class WrittenByOthersTest : public LockTtlTest,
                            public ::testing::WithParamInterface<ZooKeeperErrc> {};

TEST_P(WrittenByOthersTest, BeforeTheGrantQueuesAgain) {
  zk_->claim(kFirst);
  Waiter waiter(lock_);
  ASSERT_TRUE(seen_->await("waiting"));
  const std::string own = seen_->all("waiting")[0].znode;
  EXPECT_CALL(*zk_, set(own, _, 0, _)).WillOnce(Return(GetParam()));
  zk_->erase(kFirst);
  const Lease lease = waiter.lease();
  EXPECT_NE(lease.znode(), own);
  EXPECT_FALSE(zk_->exists(own));
  EXPECT_EQ(seen_->all("requeued").at(0).znode, own);
}

TEST_P(WrittenByOthersTest, BeforeTheWaitIsMarkedQueuesAgain) {
  zk_->claim(kFirst);
  EXPECT_CALL(*zk_, set).WillOnce(Return(GetParam()));
  Waiter waiter(lock_);
  ASSERT_TRUE(seen_->await("waiting"));
  time_.advance(50ms);
  EXPECT_TRUE(seen_->await("requeued"));
}

TEST_P(WrittenByOthersTest, RenewReportsTheLoss) {
  const Lease lease = lock_.lock();
  EXPECT_CALL(*zk_, set).WillOnce(Return(GetParam()));
  EXPECT_EQ(error_of([&] { lease.renew(); }).code(), Errc::lock_lost);
  EXPECT_FALSE(lease.valid());
  EXPECT_EQ(lease.loss_reason(), LossReason::claim_deleted);
}

INSTANTIATE_TEST_SUITE_P(All, WrittenByOthersTest,
                         ::testing::Values(ZooKeeperErrc::bad_version, ZooKeeperErrc::no_node));

TEST_F(LockTtlTest, ARefusalToClaimTheLockFailsAndLeavesNoClaim) {
  zk_->claim(kFirst);
  Waiter waiter(lock_);
  ASSERT_TRUE(seen_->await("waiting"));
  EXPECT_CALL(*zk_, set).WillOnce(Return(ZooKeeperErrc::no_auth));
  zk_->erase(kFirst);
  const LockError error = waiter.error();
  EXPECT_EQ(error.code(), Errc::locking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::no_auth);
  EXPECT_TRUE(zk_->names("/locks").empty());
}

TEST_F(LockTtlTest, AGrantingWriteWhoseAnswerWasLostIsRecognised) {
  zk_->claim(kFirst);
  Waiter waiter(lock_);
  ASSERT_TRUE(seen_->await("waiting"));
  EXPECT_CALL(*zk_, set)
      .WillOnce([&](const std::string& path, const std::string& data, std::int32_t version,
                    const Context&) -> Result<Stat> {
        EXPECT_TRUE(zk_->do_set(path, data, version));
        return ZooKeeperErrc::connection_loss;
      })
      .WillRepeatedly(DoDefault());  // bad_version
  zk_->erase(kFirst);
  const Lease lease = waiter.lease();
  EXPECT_EQ(seen_->count("requeued"), 0U);
  EXPECT_NO_THROW(lease.renew());  // with the version that was read
}

TEST_F(LockTtlTest, ALostGrantingWriteIsSentAgain) {
  zk_->claim(kFirst);
  Waiter waiter(lock_);
  ASSERT_TRUE(seen_->await("waiting"));
  EXPECT_CALL(*zk_, set).WillOnce(Return(ZooKeeperErrc::connection_loss)).WillOnce(DoDefault());
  zk_->erase(kFirst);
  EXPECT_EQ(zk_->stat(waiter.lease().znode()).version, 1);
}

TEST_F(LockTtlTest, AnUnansweredGrantingWriteBehindAForeignWriteQueuesAgain) {
  zk_->claim(kFirst);
  Waiter waiter(lock_);
  ASSERT_TRUE(seen_->await("waiting"));
  EXPECT_CALL(*zk_, set)
      .WillOnce([&](const std::string& path, const std::string&, std::int32_t,
                    const Context&) -> Result<Stat> {
        zk_->write(path, "graffiti");
        return ZooKeeperErrc::connection_loss;
      })
      .WillRepeatedly(DoDefault());
  zk_->erase(kFirst);
  EXPECT_TRUE(waiter.lease().valid());
  EXPECT_EQ(seen_->count("requeued"), 1U);
}

TEST_F(LockTtlTest, TheTtlCountsFromBeforeTheWriteWasSent) {
  zk_->claim(kFirst);
  Waiter waiter(lock_);
  ASSERT_TRUE(seen_->await("waiting"));
  const auto sent_at = time_.steady_now();
  EXPECT_CALL(*zk_, set).WillOnce(
      [&](const std::string& path, const std::string& data, std::int32_t version, const Context&) {
        time_.advance(2s);
        return zk_->do_set(path, data, version);
      });
  zk_->erase(kFirst);
  EXPECT_EQ(waiter.lease().valid_until(), sent_at + kTtl);
}

TEST_F(LockTtlTest, AGrantThatIsHalfOverIsRenewedBeforeItIsHandedOut) {
  EXPECT_CALL(*zk_, children).WillOnce([&](const std::string& path, const Context&) {
    time_.advance(kTtl / 2);
    return zk_->do_children(path);
  });
  EXPECT_CALL(*zk_, set).Times(1);
  const Lease lease = lock_.lock();
  EXPECT_EQ(lease.valid_until(), time_.steady_now() + kTtl);
  EXPECT_EQ(metadata_at(lease.znode()).ttl_deadline, time_.wall_now() + kTtl);
}

TEST_F(LockTtlTest, AGrantThatIsLessThanHalfOverIsNotRenewed) {
  EXPECT_CALL(*zk_, children).WillOnce([&](const std::string& path, const Context&) {
    time_.advance(kTtl / 2 - 1ms);
    return zk_->do_children(path);
  });
  EXPECT_CALL(*zk_, set).Times(0);
  const Lease lease = lock_.lock();
  EXPECT_EQ(lease.valid_until(), time_.steady_now() + kTtl / 2 + 1ms);
}

TEST_F(LockTtlTest, ServersSlowerThanHalfTheTtlFailTheLock) {
  ON_CALL(*zk_, set).WillByDefault(
      [&](const std::string& path, const std::string& data, std::int32_t version, const Context&) {
        time_.advance(kTtl / 2);
        return zk_->do_set(path, data, version);
      });
  EXPECT_CALL(*zk_, children).WillOnce([&](const std::string& path, const Context&) {
    time_.advance(kTtl / 2);
    return zk_->do_children(path);
  });
  EXPECT_EQ(error_of([&] { lock_.lock(); }).code(), Errc::locking_failed);
  EXPECT_TRUE(zk_->names("/locks").empty());
}

TEST_F(LockTtlTest, TheLeaseEndsByItsOwnClock) {
  const Lease lease = lock_.lock();
  time_.advance(kTtl - 1ns);
  EXPECT_TRUE(lease.valid());
  time_.advance(1ns);
  EXPECT_FALSE(lease.valid());
  EXPECT_EQ(lease.loss_reason(), LossReason::ttl_over);
  EXPECT_EQ(lock_.unlock(), Errc::lock_lost);
}

TEST_F(LockTtlTest, TheEndIsReportedAutomatically) {
  const Lease lease = lock_.lock();
  time_.advance(kTtl);
  ASSERT_TRUE(seen_->await("lost"));
  EXPECT_TRUE(lease.lost().stop_requested());
  EXPECT_EQ(lease.loss_reason(), LossReason::ttl_over);
  EXPECT_FALSE(zk_->exists(lease.znode()));
}

TEST_F(LockTtlTest, SuspendedTimeCounts) {
  const Lease lease = lock_.lock();
  time_.suspend(kTtl);
  EXPECT_FALSE(lease.valid());
}

TEST_F(LockTtlTest, APurgedHolderIsNotifiedThatTheTtlIsOver) {
  const Lease lease = lock_.lock();
  time_.advance(50ms);
  ASSERT_TRUE(zk_->await_watched(lease.znode()));
  time_.suspend(kTtl);  // and of what happened meanwhile the event comes first
  zk_->erase(lease.znode());
  EXPECT_EQ(lease.loss_reason(), LossReason::ttl_over);
}

TEST_F(LockTtlTest, SettingTheClockChangesNothing) {
  const Lease lease = lock_.lock();
  time_.step_wall(24h);
  EXPECT_TRUE(lease.valid());
  time_.step_wall(-24h);
  time_.advance(kTtl);
  EXPECT_FALSE(lease.valid());
}

TEST_F(LockTtlTest, RenewRestartsTheTtl) {
  const Lease lease = lock_.lock(owner("user1"));
  time_.advance(8s);
  lease.renew();
  EXPECT_EQ(lease.valid_until(), time_.steady_now() + kTtl);
  const internal::Metadata metadata = metadata_at(lease.znode());
  EXPECT_EQ(metadata.timestamp, time_.wall_now());
  EXPECT_EQ(metadata.ttl_deadline, time_.wall_now() + kTtl);
  EXPECT_EQ(metadata.owner, "user1");
  time_.advance(8s);
  EXPECT_TRUE(lease.valid());
  lease.renew();
  time_.advance(kTtl);
  ASSERT_TRUE(seen_->await("lost"));  // the timer moved along
  EXPECT_EQ(lease.loss_reason(), LossReason::ttl_over);
}

TEST_F(LockTtlTest, LateRenewReportsTheLossAndWritesNothing) {
  const Lease lease = lock_.lock();
  time_.advance(kTtl);
  EXPECT_CALL(*zk_, set).Times(0);
  EXPECT_EQ(error_of([&] { lease.renew(); }).code(), Errc::lock_lost);
  std::error_code error;
  lease.renew(Context(), error);
  EXPECT_EQ(error, Errc::lock_lost);
}

TEST_F(LockTtlTest, RenewAnsweredTooLateReportsTheLoss) {
  const Lease lease = lock_.lock();
  EXPECT_CALL(*zk_, set).WillOnce(
      [&](const std::string& path, const std::string& data, std::int32_t version, const Context&) {
        time_.advance(kTtl);
        return zk_->do_set(path, data, version);
      });
  EXPECT_EQ(error_of([&] { lease.renew(); }).code(), Errc::lock_lost);
  EXPECT_EQ(lease.loss_reason(), LossReason::ttl_over);
}

TEST_F(LockTtlTest, RenewIsRetriedWhenTheConnectionBreaks) {
  const Lease lease = lock_.lock();
  EXPECT_CALL(*zk_, set)
      .WillOnce(Return(ZooKeeperErrc::connection_loss))
      .WillRepeatedly(DoDefault());
  EXPECT_NO_THROW(lease.renew());
}

TEST_F(LockTtlTest, RenewWithoutAnAnswerFailsAndLosesNothing) {
  const Lease lease = lock_.lock();
  const auto end = lease.valid_until();
  EXPECT_CALL(*zk_, set).WillOnce(Return(ZooKeeperErrc::operation_timeout));
  const LockError error = error_of([&] { lease.renew(late()); });
  EXPECT_EQ(error.code(), Errc::no_server_answered);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::operation_timeout);
  EXPECT_TRUE(lease.valid());
  EXPECT_EQ(lease.valid_until(), end);
}

TEST_F(LockTtlTest, RenewsOfSeveralThreadsTakeTurns) {
  const Lease lease = lock_.lock();
  zklock::testing::Gate gate;
  EXPECT_CALL(*zk_, set)
      .WillOnce([&](const std::string& path, const std::string& data, std::int32_t version,
                    const Context&) {
        gate.wait();
        return zk_->do_set(path, data, version);
      })
      .WillRepeatedly(DoDefault());
  auto first = in_background([&] { lease.renew(); });
  time_.settle();
  EXPECT_EQ(error_of([&] { lease.renew(late()); }).code(), Errc::no_server_answered);
  auto second = in_background([&] { lease.renew(); });
  EXPECT_FALSE(second.is_done());
  gate.open();
  first.get();
  second.get();
  EXPECT_EQ(zk_->stat(lease.znode()).version, 2);
}

TEST_F(LockTtlTest, RenewWritesAnOwnerThatWasSetLater) {
  const Lease lease = lock_.lock();
  lock_.set_owner("user1");
  lease.renew();
  EXPECT_EQ(metadata_at(lease.znode()).owner, "user1");
}

}  // namespace
}  // namespace zklock
