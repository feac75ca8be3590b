// What the user's own code in the lock may do: observers and loggers, also those that throw.
#include <stdexcept>

#include "lock_fixture.h"

namespace zklock {
namespace {

using ::testing::_;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Return;

/// Throws from every callback.
class ThrowingObserver final : public LockObserver {
 public:
  void on_waiting(const std::string&, std::size_t) override { fail(); }
  void on_granted(const Lease&, std::chrono::nanoseconds) override { fail(); }
  void on_lock_failed(const std::string&, const LockError&, std::chrono::nanoseconds) override {
    fail();
  }
  void on_requeued(const std::string&) override { fail(); }
  void on_purged(const std::string&) override { fail(); }
  void on_released(const Lease&) override { fail(); }
  void on_unlock_failed(const Lease&, const LockError&) override { throw 7; }
  void on_lost(const Lease&) override { fail(); }
  void on_blocked_by(const std::string&, const LockEntry&) override { fail(); }

 private:
  static void fail() { throw std::runtime_error("metrics are down"); }
};

class LockObserverTest : public LockTest {
 protected:
  /// Waits, is granted, unlocks; queues again, loses; fails to lock; fails to unlock.
  void play(ZooKeeperLock& lock) {
    zk_->claim(kFirst);
    {
      Waiter waiter(lock);
      ASSERT_TRUE(zk_->await_watched(kFirst));
      zk_->expire();  // queues again
      time_.settle();
      ASSERT_EQ(zk_->names("/locks").size(), 2U);
      ASSERT_TRUE(zk_->is_watched(kFirst));
      zk_->erase(kFirst);
      const Lease lease = waiter.lease();
      EXPECT_TRUE(lease.valid());
      lock.unlock(lease);
    }
    {
      const Lease lease = lock.lock();
      zk_->expire();
      time_.settle();
      EXPECT_TRUE(lease.lost().stop_requested());
      EXPECT_EQ(lock.unlock(), Errc::lock_lost);
    }
    zk_->claim("/locks/lock-0000000000");
    EXPECT_FALSE(lock.try_lock());
    zk_->erase("/locks/lock-0000000000");
    const Lease lease = lock.lock();
    EXPECT_CALL(*zk_, remove(lease.znode(), _, _)).WillOnce(Return(ZooKeeperErrc::no_auth));
    EXPECT_EQ(lock.unlock(), Errc::unlocking_failed);
  }
};

TEST_F(LockObserverTest, IsNotifiedInOrder) {
  ZooKeeperLock lock(config(), zk_);
  play(lock);
  ASSERT_TRUE(seen_->await("lost"));
  std::vector<std::string> order = seen_->order();
  std::erase(order, "lost");  // on a thread of its own
  EXPECT_EQ(order,
            (std::vector<std::string>{"waiting", "blocked_by", "requeued", "waiting", "blocked_by",
                                      "granted", "released", "granted", "unlock_failed",
                                      "lock_failed", "granted", "unlock_failed"}));
}

TEST_F(LockObserverTest, AThrowingObserverChangesNothingAndIsLogged) {
  const auto logger = std::make_shared<RecordingLogger>();
  ZooKeeperLockConfig throwing = config();
  throwing.observer = std::make_shared<ThrowingObserver>();
  throwing.client.logger = logger;
  ZooKeeperLock lock(throwing, zk_);
  play(lock);
  EXPECT_THAT(logger->lines(), Contains("3 a lock observer threw: metrics are down"));
  EXPECT_THAT(logger->lines(), Contains("3 a lock observer threw"));
}

TEST_F(LockObserverTest, AThrowingLoggerChangesNothing) {
  ZooKeeperLockConfig throwing = config();
  throwing.observer = std::make_shared<ThrowingObserver>();
  throwing.client.logger = std::make_shared<RecordingLogger>(
      [](std::string_view) { throw std::runtime_error("disk full"); });
  ZooKeeperLock lock(throwing, zk_);
  play(lock);
}

TEST_F(LockObserverTest, WorksWithoutAnObserverAndALogger) {
  ZooKeeperLockConfig bare = config();
  bare.observer = nullptr;
  ZooKeeperLock lock(bare, zk_);
  play(lock);
}

TEST_F(LockObserverTest, WorksWithAnObserverThatOverridesNothing) {
  class Idle final : public LockObserver {};
  ZooKeeperLockConfig idle = config();
  idle.observer = std::make_shared<Idle>();
  ZooKeeperLock lock(idle, zk_);
  play(lock);
}

TEST_F(LockObserverTest, LossesAndFailedUnlocksAreLoggedAsWarnings) {
  const auto logger = std::make_shared<RecordingLogger>();
  ZooKeeperLockConfig logging = config();
  logging.client.logger = logger;
  ZooKeeperLock lock(logging, zk_);
  play(lock);
  ASSERT_TRUE(seen_->await("lost"));
  EXPECT_THAT(logger->lines(), Contains(HasSubstr("2 lost /locks (")));
  EXPECT_THAT(logger->lines(), Contains(HasSubstr("2 attempt to release lock failed")));
}

TEST_F(LockObserverTest, MayCallTheLock) {
  class Calling final : public LockObserver {
   public:
    void on_granted(const Lease& lease, std::chrono::nanoseconds) override {
      EXPECT_EQ(lock->lease(), lease);
      lock->unlock(lease);
    }
    ZooKeeperLock* lock = nullptr;
  };
  const auto calling = std::make_shared<Calling>();
  ZooKeeperLockConfig with = config();
  with.observer = calling;
  ZooKeeperLock lock(with, zk_);
  calling->lock = &lock;
  EXPECT_FALSE(lock.lock().valid());
}

}  // namespace
}  // namespace zklock
