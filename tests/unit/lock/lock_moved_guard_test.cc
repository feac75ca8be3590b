// Unlocks of std guards, also of those that were moved to another thread; and what is said of
// unlocks that release nothing.
#include <mutex>

#include "lock_fixture.h"

namespace zklock {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LockMovedGuardTest : public LockTest {
 protected:
  [[nodiscard]] ZooKeeperLockConfig logging() const {
    ZooKeeperLockConfig config = this->config();
    config.client.logger = logger_;
    return config;
  }
  /// Calls `unlock()` on another thread, as a guard does that was moved there.
  static std::error_code unlock_elsewhere(Lock& lock) {
    return in_background([&] { return lock.unlock(); }).get();
  }
  /// A grant that another thread acquired.
  static Lease granted_elsewhere(Lock& lock, const Context& context = {}) {
    return in_background([&] { return lock.lock(context); }).get();
  }

  const std::shared_ptr<RecordingLogger> logger_ = std::make_shared<RecordingLogger>();
};

TEST_F(LockMovedGuardTest, AUniqueLockThatEndsOnAnotherThreadReleases) {
  ZooKeeperLock lock(logging(), zk_);
  std::unique_lock<ZooKeeperLock> guard(lock);
  const Lease lease = lock.lease();
  in_background([&] { const std::unique_lock<ZooKeeperLock> moved(std::move(guard)); }).get();
  EXPECT_FALSE(lease.valid());
  EXPECT_FALSE(lease.loss_reason());
  EXPECT_FALSE(zk_->exists(lease.znode()));
  EXPECT_EQ(seen_->order(), (std::vector<std::string>{"granted", "released"}));
  EXPECT_THAT(logger_->lines(), IsEmpty());
}

TEST_F(LockMovedGuardTest, OnlyUnlockWithoutArgumentsDoesThat) {
  ZooKeeperLock lock(logging(), zk_);
  const Lease lease = granted_elsewhere(lock);
  const LockError error = error_of([&] { lock.unlock(Context()); });
  EXPECT_EQ(error.code(), Errc::unlocking_failed);
  EXPECT_THAT(error.what(), HasSubstr("call unlock(lease)"));
  EXPECT_TRUE(lease.valid());
}

TEST_F(LockMovedGuardTest, TheGrantOfANamedOwnerIsKept) {
  ZooKeeperLock lock(logging(), zk_);
  const Lease lease = granted_elsewhere(lock, owner("user1"));
  EXPECT_EQ(lock.unlock(), Errc::unlocking_failed);
  EXPECT_TRUE(lease.valid());
}

TEST_F(LockMovedGuardTest, TheGuardOfALostGrantIsToldOfTheLoss) {
  ZooKeeperLock lock(logging(), zk_);
  lock.lock();
  zk_->expire();
  EXPECT_EQ(unlock_elsewhere(lock), Errc::lock_lost);
}

TEST_F(LockMovedGuardTest, OfSeveralGrantsNoneIsReleasedAndThatIsReported) {
  ZooKeeperLock lock(logging(), zk_);
  lock.lock();
  zk_->expire();
  const Lease valid = granted_elsewhere(lock);
  ASSERT_TRUE(seen_->await("lost"));
  EXPECT_EQ(unlock_elsewhere(lock), Errc::lock_lost);
  EXPECT_TRUE(valid.valid());
  EXPECT_THAT(logger_->lines(), Contains(AllOf(HasSubstr("2 lock was lost before it was released"),
                                               HasSubstr("call unlock(lease)"))));
  const auto failed = seen_->all("unlock_failed");
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0].fencing_token, 0) << "it does not know which";
  EXPECT_EQ(lock.unlock(), Errc::lock_lost) << "the thread that lost its grant is notified, too";
  EXPECT_TRUE(valid.valid());
}

TEST_F(LockMovedGuardTest, TheGuardOfALostGrantKeepsTheNextGrantOfItsThread) {
  ZooKeeperLock lock(logging(), zk_);
  std::unique_lock<ZooKeeperLock> first(lock);
  zk_->expire();
  std::unique_lock<ZooKeeperLock> second(lock);  // the thread's entry of the first is dropped
  const Lease lease = lock.lease();
  EXPECT_EQ(unlock_elsewhere(lock), Errc::lock_lost);  // the first
  first.release();
  EXPECT_TRUE(lease.valid());
  EXPECT_FALSE(unlock_elsewhere(lock));  // the second
  second.release();
  EXPECT_FALSE(lease.valid());
}

TEST_F(LockMovedGuardTest, WithALostGrantTheLastGuardReleasesTheValidOne) {
  ZooKeeperLock lock(logging(), zk_);
  granted_elsewhere(lock);
  zk_->expire();
  const Lease valid = granted_elsewhere(lock);
  EXPECT_EQ(unlock_elsewhere(lock), Errc::lock_lost);
  EXPECT_TRUE(valid.valid());
  EXPECT_FALSE(unlock_elsewhere(lock));
  EXPECT_FALSE(zk_->exists(valid.znode()));
}

TEST_F(LockMovedGuardTest, EveryFailedUnlockIsLoggedAndReported) {
  ZooKeeperLock lock(logging(), zk_);
  std::size_t reports = 0;
  const auto is_reported = [&] {
    ++reports;
    return logger_->lines().size() == reports && seen_->count("unlock_failed") == reports;
  };
  EXPECT_EQ(lock.unlock(), Errc::unlocking_failed);
  EXPECT_TRUE(is_reported()) << "nobody holds it";
  std::error_code error;
  lock.unlock(owner("user1"), error);
  EXPECT_TRUE(is_reported()) << "an owner who does not hold it";
  lock.unlock(Lease(), Context(), error);
  EXPECT_TRUE(is_reported()) << "a lease of nothing";
  const Lease lease = granted_elsewhere(lock);
  lock.unlock(Context(), error);
  EXPECT_TRUE(is_reported()) << "of another thread";
  lock.unlock(lease);
  lock.unlock(lease, Context(), error);
  EXPECT_TRUE(is_reported()) << "released before";
  EXPECT_EQ(seen_->all("unlock_failed").back().fencing_token, lease.fencing_token());
}

}  // namespace
}  // namespace zklock
