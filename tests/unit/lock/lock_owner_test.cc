// Owners: named by the Context, scoped to one lock object.
#include "lock_fixture.h"

namespace zklock {
namespace {

using ::testing::HasSubstr;

using LockOwnerTest = LockTest;

TEST_F(LockOwnerTest, TheContextNamesTheOwner) {
  ZooKeeperLock lock(config(), zk_);
  EXPECT_EQ(lock.owner(), "");
  const Lease lease = lock.lock(owner("user1"));
  EXPECT_EQ(lease.owner(), "user1");
  EXPECT_EQ(lock.owner(), "user1");
  lock.unlock(owner("user1"));
  EXPECT_EQ(lock.owner(), "");
  EXPECT_EQ(lease.owner(), "user1");
}

TEST_F(LockOwnerTest, OwnersAreNotUsedWithoutAKey) {
  ZooKeeperLockConfig without = config();
  without.owner_key = "";
  ZooKeeperLock lock(without, zk_);
  const Lease lease = lock.lock(Context().with_value("", "user1").with_value("owner", "user2"));
  EXPECT_EQ(lease.owner(), "");
  EXPECT_EQ(metadata_at(lease.znode()).owner, "");
  lock.unlock(owner("user3"));
  EXPECT_FALSE(lease.valid());
}

TEST_F(LockOwnerTest, TheOwnerOfAValidGrantIsRefused) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock(owner("user1"));
  const LockError error = error_of([&] { lock.lock(owner("user1")); });
  EXPECT_EQ(error.code(), Errc::already_own_lock);
  EXPECT_THAT(error.what(), HasSubstr("user1"));
  EXPECT_EQ(zk_->names("/locks").size(), 1U);
  EXPECT_TRUE(lease.valid());
  EXPECT_EQ(seen_->all("lock_failed").at(0).error->code(), Errc::already_own_lock);
}

TEST_F(LockOwnerTest, TheOwnerIsRefusedFromAnotherThreadToo) {
  ZooKeeperLock lock(config(), zk_);
  Waiter holder(lock, owner("user1"));
  const Lease lease = holder.lease();
  EXPECT_EQ(error_of([&] { lock.lock(owner("user1")); }).code(), Errc::already_own_lock);
}

TEST_F(LockOwnerTest, AnotherOwnerQueues) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock(owner("user1"));
  Waiter other(lock, owner("user2"));
  ASSERT_TRUE(seen_->await("waiting"));
  lock.unlock(lease);
  EXPECT_EQ(other.lease().owner(), "user2");
}

TEST_F(LockOwnerTest, TheOwnerMayLockAgainOnceReleasedOrLost) {
  ZooKeeperLock lock(config(), zk_);
  lock.lock(owner("user1"));
  lock.unlock(owner("user1"));
  lock.lock(owner("user1"));
  zk_->expire();
  EXPECT_TRUE(lock.lock(owner("user1")).valid());
}

TEST_F(LockOwnerTest, OwnersAreScopedToOneLockObject) {
  ZooKeeperLock one(config(), zk_);
  ZooKeeperLock two(config(), zk_);
  one.lock(owner("user1"));
  EXPECT_EQ(error_of([&] { two.lock(owner("user1").with_timeout(0s)); }).code(),
            Errc::locking_timed_out);
}

TEST_F(LockOwnerTest, UnlockByAnotherOwnerIsRefused) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock(owner("user1"));
  const LockError error = error_of([&] { lock.unlock(owner("user2")); });
  EXPECT_EQ(error.code(), Errc::not_lock_owner);
  EXPECT_THAT(error.what(), HasSubstr("user1"));
  EXPECT_TRUE(lease.valid());
}

TEST_F(LockOwnerTest, UnlockByAnOwnerOfAGrantWithoutOneIsRefused) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  EXPECT_EQ(error_of([&] { lock.unlock(owner("user1")); }).code(), Errc::not_lock_owner);
  EXPECT_TRUE(lease.valid());
}

TEST_F(LockOwnerTest, UnlockByAnOwnerWithNothingHeldFails) {
  ZooKeeperLock lock(config(), zk_);
  EXPECT_EQ(error_of([&] { lock.unlock(owner("user1")); }).code(), Errc::unlocking_failed);
}

TEST_F(LockOwnerTest, UnlockByTheOwnerWorksFromAnyThread) {
  ZooKeeperLock lock(config(), zk_);
  Waiter holder(lock, owner("user1"));
  const Lease lease = holder.lease();
  lock.unlock(owner("user1"));
  EXPECT_FALSE(zk_->exists(lease.znode()));
}

TEST_F(LockOwnerTest, UnlockByTheOwnerOfALostGrantReportsTheLossAndKeepsANewerGrant) {
  ZooKeeperLock lock(config(), zk_);
  lock.lock(owner("user1"));
  zk_->expire();
  Waiter other(lock, owner("user2"));
  const Lease newer = other.lease();
  EXPECT_EQ(error_of([&] { lock.unlock(owner("user1")); }).code(), Errc::lock_lost);
  EXPECT_TRUE(newer.valid());
  EXPECT_EQ(error_of([&] { lock.unlock(owner("user1")); }).code(), Errc::not_lock_owner);
  EXPECT_EQ(lock.owner(), "user2");
}

TEST_F(LockOwnerTest, SetOwnerNamesTheOwnerOfTheThreadsGrant) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  lock.set_owner("user1");
  EXPECT_EQ(lease.owner(), "user1");
  EXPECT_EQ(lock.owner(), "user1");
  EXPECT_EQ(error_of([&] { lock.lock(owner("user1")); }).code(), Errc::already_own_lock);
  lock.unlock(owner("user1"));
  EXPECT_FALSE(lease.valid());
}

TEST_F(LockOwnerTest, SetOwnerOfAGrantThatHasOneIsRefused) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock(owner("user1"));
  EXPECT_EQ(error_of([&] { lock.set_owner("user2"); }).code(), Errc::owner_already_set);
  EXPECT_EQ(error_of([&] { lock.set_owner(lease, "user1"); }).code(), Errc::owner_already_set);
  EXPECT_EQ(lease.owner(), "user1");
}

TEST_F(LockOwnerTest, SetOwnerOfALeaseWorksFromAnyThread) {
  ZooKeeperLock lock(config(), zk_);
  Waiter holder(lock);
  const Lease lease = holder.lease();
  EXPECT_EQ(error_of([&] { lock.set_owner("user1"); }).code(), Errc::not_lock_owner);
  lock.set_owner(lease, "user1");
  EXPECT_EQ(lock.owner(), "user1");
}

TEST_F(LockOwnerTest, SetOwnerWithoutAGrantIsRefused) {
  ZooKeeperLock lock(config(), zk_);
  EXPECT_EQ(error_of([&] { lock.set_owner("user1"); }).code(), Errc::not_lock_owner);
  EXPECT_EQ(error_of([&] { lock.set_owner(Lease(), "user1"); }).code(), Errc::not_lock_owner);
}

TEST_F(LockOwnerTest, SetOwnerOfALostGrantReportsTheLoss) {
  ZooKeeperLock lock(config(), zk_);
  lock.lock();
  zk_->expire();
  EXPECT_EQ(error_of([&] { lock.set_owner("user1"); }).code(), Errc::lock_lost);
}

}  // namespace
}  // namespace zklock
