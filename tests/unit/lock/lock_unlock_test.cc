// Releasing: which grant, and what becomes of its claim.
#include "lock_fixture.h"

namespace zklock {
namespace {

using ::testing::_;
using ::testing::DoDefault;
using ::testing::HasSubstr;
using ::testing::Return;

using LockUnlockTest = LockTest;

TEST_F(LockUnlockTest, RemovesTheClaimWithoutALoss) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  lock.unlock(Context());
  EXPECT_FALSE(zk_->exists(lease.znode()));
  EXPECT_FALSE(lease.valid());
  EXPECT_FALSE(lease.lost().stop_requested());
  EXPECT_FALSE(lease.loss_reason());
  EXPECT_FALSE(lock.lease());
  EXPECT_EQ(seen_->order(), (std::vector<std::string>{"granted", "released"}));
}

TEST_F(LockUnlockTest, LeaseIsInvalidBeforeTheDeleteIsSent) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  EXPECT_CALL(*zk_, remove(lease.znode(), ZooKeeperClient::kAnyVersion, _))
      .WillOnce([&](const std::string& path, std::int32_t version, const Context&) {
        EXPECT_FALSE(lease.valid());
        return zk_->do_remove(path, version);
      });
  lock.unlock(lease);
}

TEST_F(LockUnlockTest, AllowsTheNextLock) {
  ZooKeeperLock lock(config(), zk_);
  lock.lock();
  EXPECT_FALSE(lock.unlock());
  EXPECT_TRUE(lock.lock().valid());
}

TEST_F(LockUnlockTest, AClaimDeletedBySomebodyElseReportsTheLoss) {
  ZooKeeperLock lock(config(), zk_);
  zk_->erase(lock.lock().znode());
  EXPECT_EQ(error_of([&] { lock.unlock(Context()); }).code(), Errc::lock_lost);
  EXPECT_EQ(seen_->count("released"), 0U);
  EXPECT_EQ(seen_->all("unlock_failed").at(0).error->code(), Errc::lock_lost);
}

TEST_F(LockUnlockTest, IsRetriedWhenTheConnectionBreaks) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  EXPECT_CALL(*zk_, remove)
      .WillOnce(Return(ZooKeeperErrc::connection_loss))
      .WillRepeatedly(DoDefault());
  lock.unlock(lease);
  EXPECT_FALSE(zk_->exists(lease.znode()));
}

TEST_F(LockUnlockTest, MissingClaimAfterALostAnswerIsReleased) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  EXPECT_CALL(*zk_, remove)
      .WillOnce([&](const std::string& path, std::int32_t version, const Context&) -> Result<void> {
        static_cast<void>(zk_->do_remove(path, version));
        return ZooKeeperErrc::connection_loss;
      })
      .WillRepeatedly(DoDefault());  // no_node
  EXPECT_NO_THROW(lock.unlock(lease));
  EXPECT_EQ(seen_->count("released"), 1U);
}

TEST_F(LockUnlockTest, MissingClaimAfterATemporaryRefusalReportsTheLoss) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  EXPECT_CALL(*zk_, remove)
      .WillOnce([&](const std::string& path, std::int32_t, const Context&) -> Result<void> {
        zk_->erase(path);  // somebody else does
        return ZooKeeperErrc::throttled;
      })
      .WillRepeatedly(DoDefault());  // no_node
  EXPECT_EQ(error_of([&] { lock.unlock(lease); }).code(), Errc::lock_lost);
}

TEST_F(LockUnlockTest, ClaimThatEndedWithItsSessionIsReleased) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  EXPECT_CALL(*zk_, remove).WillOnce([&](const std::string&, std::int32_t, const Context&) {
    zk_->expire();
    return ZooKeeperErrc::no_node;
  });
  EXPECT_NO_THROW(lock.unlock(lease));
}

TEST_F(LockUnlockTest, UnreachableServersAreAnErrorAndTheRemovalContinues) {
  const TimePasses passes(time_.time());
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  EXPECT_CALL(*zk_, remove).WillRepeatedly(Return(ZooKeeperErrc::connection_loss));
  const LockError error = error_of([&] { lock.unlock(Context().with_timeout(100ms)); });
  EXPECT_EQ(error.code(), Errc::unlocking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::connection_loss);
  EXPECT_FALSE(lease.valid());
  EXPECT_EQ(zk_->removed_in_background(), (std::vector<std::string>{lease.znode()}));
  const auto failed = seen_->all("unlock_failed");
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0].fencing_token, lease.fencing_token());
  EXPECT_EQ(failed[0].error->code(), Errc::unlocking_failed);
  EXPECT_EQ(seen_->count("released"), 0U);
}

TEST_F(LockUnlockTest, ARefusalIsReportedAtOnceAndTheRemovalContinues) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  EXPECT_CALL(*zk_, remove).WillOnce(Return(ZooKeeperErrc::no_auth));
  const LockError error = error_of([&] { lock.unlock(Context()); });
  EXPECT_EQ(error.code(), Errc::unlocking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::no_auth);
  EXPECT_EQ(zk_->removed_in_background().size(), 1U);
}

TEST_F(LockUnlockTest, CancelLeavesTheRemovalToTheBackground) {
  ZooKeeperLock lock(config(), zk_);
  lock.lock();
  EXPECT_CALL(*zk_, remove).WillOnce(Return(ZooKeeperErrc::canceled));
  const LockError error = error_of([&] { lock.unlock(Context()); });
  EXPECT_EQ(error.code(), Errc::unlocking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::canceled);
  EXPECT_EQ(zk_->removed_in_background().size(), 1U);
}

TEST_F(LockUnlockTest, APastDeadlineMakesOneAttemptOfASecond) {
  ZooKeeperLock lock(config(), zk_);
  lock.lock();
  EXPECT_CALL(*zk_, remove)
      .WillOnce([&](const std::string& path, std::int32_t version, const Context& context) {
        EXPECT_EQ(context.deadline(), time_.steady_now() + 1s);
        return zk_->do_remove(path, version);
      });
  EXPECT_NO_THROW(lock.unlock(late()));
}

TEST_F(LockUnlockTest, WithoutArgumentsReturnsItsErrorWithinASecond) {
  ZooKeeperLock lock(config(), zk_);
  lock.lock();
  EXPECT_CALL(*zk_, remove).WillOnce([&](const std::string&, std::int32_t, const Context& context) {
    EXPECT_LE(context.deadline(), time_.steady_now() + 1s);
    return ZooKeeperErrc::no_auth;
  });
  static_assert(noexcept(lock.unlock()));
  EXPECT_EQ(lock.unlock(), Errc::unlocking_failed);
  EXPECT_EQ(lock.unlock(), Errc::unlocking_failed);  // nothing held any more
}

TEST_F(LockUnlockTest, NothingHeldFailsAtOnceWithoutACause) {
  EXPECT_CALL(*zk_, remove).Times(0);
  ZooKeeperLock lock(config(), zk_);
  const LockError error = error_of([&] { lock.unlock(Context()); });
  EXPECT_EQ(error.code(), Errc::unlocking_failed);
  EXPECT_FALSE(error.cause());
  EXPECT_EQ(lock.unlock(), Errc::unlocking_failed);
  EXPECT_EQ(error_of([&] { lock.unlock(Lease()); }).code(), Errc::unlocking_failed);
}

TEST_F(LockUnlockTest, AnotherThreadsGrantIsKept) {
  ZooKeeperLock lock(config(), zk_);
  Waiter other(lock);
  const Lease lease = other.lease();
  EXPECT_EQ(error_of([&] { lock.unlock(Context()); }).code(), Errc::unlocking_failed);
  EXPECT_TRUE(lease.valid());
}

TEST_F(LockUnlockTest, TheGrantOfAnEndedThreadIsNotThatOfTheNextThread) {
  ZooKeeperLock lock(config(), zk_);
  Lease lease;
  in_background([&] { lease = lock.lock(); }).get();
  std::error_code error;
  in_background([&] { lock.unlock(Context(), error); }).get();
  EXPECT_EQ(error, Errc::unlocking_failed);
  EXPECT_TRUE(lease.valid());
}

TEST_F(LockUnlockTest, ALeaseIsReleasedFromAnyThread) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  in_background([&] { lock.unlock(lease); }).get();
  EXPECT_FALSE(zk_->exists(lease.znode()));
}

TEST_F(LockUnlockTest, ALeaseIsReleasedOnce) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  lock.unlock(lease);
  EXPECT_EQ(error_of([&] { lock.unlock(lease); }).code(), Errc::unlocking_failed);
  std::error_code error;
  lock.unlock(lease, Context(), error);
  EXPECT_EQ(error, Errc::unlocking_failed);
}

TEST_F(LockUnlockTest, TheLeaseOfAnotherLockIsKept) {
  zk_->make("/others");
  ZooKeeperLockConfig other_config = config();
  other_config.path = "/others";
  ZooKeeperLock other(other_config, zk_);
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = other.lock();
  EXPECT_EQ(error_of([&] { lock.unlock(lease); }).code(), Errc::unlocking_failed);
  EXPECT_TRUE(lease.valid());
}

TEST_F(LockUnlockTest, ALostGrantReportsTheLossAndKeepsANewerGrant) {
  ZooKeeperLock lock(config(), zk_);
  const Lease mine = lock.lock();
  zk_->expire();
  Waiter other(lock);
  const Lease newer = other.lease();
  const LockError error = error_of([&] { lock.unlock(Context()); });
  EXPECT_EQ(error.code(), Errc::lock_lost);
  EXPECT_THAT(error.what(), HasSubstr(mine.znode()));
  EXPECT_TRUE(newer.valid());
  EXPECT_EQ(error_of([&] { lock.unlock(Context()); }).code(), Errc::unlocking_failed);  // told
  EXPECT_TRUE(newer.valid());
}

TEST_F(LockUnlockTest, ALostLeaseReportsTheLossEveryTime) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  zk_->expire();
  EXPECT_EQ(error_of([&] { lock.unlock(lease); }).code(), Errc::lock_lost);
  EXPECT_EQ(error_of([&] { lock.unlock(lease); }).code(), Errc::lock_lost);
}

TEST_F(LockUnlockTest, ALostGrantDoesNotBlockItsThreadsNextLock) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lost = lock.lock();
  zk_->expire();
  const Lease lease = lock.lock();
  EXPECT_TRUE(lease.valid());
  lock.unlock(Context());  // the newer one
  EXPECT_FALSE(zk_->exists(lease.znode()));
}

TEST_F(LockUnlockTest, DestructorReleasesTheLockAndEndsItsLease) {
  auto lock = std::make_unique<ZooKeeperLock>(config(), zk_);
  const Lease lease = lock->lock();
  bool valid_when_told = true;
  const std::stop_callback told(lease.lost(), [&] { valid_when_told = lease.valid(); });
  lock.reset();
  EXPECT_FALSE(valid_when_told);
  EXPECT_TRUE(lease.lost().stop_requested());
  EXPECT_EQ(lease.loss_reason(), LossReason::client_closed);
  EXPECT_FALSE(zk_->exists(lease.znode()));
  EXPECT_EQ(seen_->count("lost"), 1U);
}

TEST_F(LockUnlockTest, DestructorDoesNotThrowWhenTheServersAreGone) {
  Lease lease;
  {
    ZooKeeperLock lock(config(), zk_);
    lease = lock.lock();
    EXPECT_CALL(*zk_, remove).WillRepeatedly(Return(ZooKeeperErrc::connection_loss));
  }
  EXPECT_FALSE(lease.valid());
  EXPECT_EQ(zk_->removed_in_background(), (std::vector<std::string>{lease.znode()}));
}

TEST_F(LockUnlockTest, LeasesOutliveTheirLock) {
  Lease released;
  Lease lost;
  {
    ZooKeeperLock lock(config(), zk_);
    released = lock.lock(owner("user1"));
    lock.unlock(released);
    lost = lock.lock();
  }
  EXPECT_FALSE(released.valid());
  EXPECT_FALSE(released.loss_reason());
  EXPECT_EQ(released.owner(), "user1");
  EXPECT_FALSE(lost.valid());
  EXPECT_EQ(error_of([&] { lost.renew(); }).code(), Errc::lock_lost);
  EXPECT_EQ(error_of([&] { released.verify(); }).code(), Errc::lock_lost);
}

TEST_F(LockUnlockTest, TheGuardReportsWhatItsDestructorCouldOnlyLog) {
  ZooKeeperLock lock(config(), zk_);
  EXPECT_CALL(*zk_, remove).WillRepeatedly(Return(ZooKeeperErrc::no_auth));
  {
    const LockGuard guard(lock);  // its destructor does not throw
    EXPECT_TRUE(guard.lease().valid());
  }
  EXPECT_EQ(seen_->count("unlock_failed"), 1U);
  LockGuard guard(lock);
  EXPECT_EQ(error_of([&] { guard.unlock(); }).code(), Errc::unlocking_failed);
  EXPECT_NO_THROW(guard.unlock());  // it is through
}

}  // namespace
}  // namespace zklock
