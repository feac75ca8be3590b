// Kafka-kit's contenders and ours in one queue, in virtual time.
#include <chrono>
#include <memory>
#include <string>

#include "interop/fake_queue.h"

namespace zklock::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using zklock::testing::FakeMachine;

class KafkaKitLockTest : public FakeQueueTest {
 protected:
  /// While exactly so much time passes, a kafka-kit comes and goes behind what is in the queue.
  void expect_nothing_is_purged(std::chrono::nanoseconds time) {
    constexpr int kVisits = 10;
    const std::vector<std::string> before = queue();
    for (int visit = 1; visit <= kVisits; ++visit) {
      zookeeper_.advance(time / kVisits - 100ms);
      auto outcome = queue_up(visitor_, Context().with_timeout(100ms));
      zookeeper_.advance(100ms);
      ASSERT_TRUE(is_ready(outcome)) << "visit " << visit;
      EXPECT_EQ(outcome.get(), Outcome::timed_out) << "visit " << visit;
    }
    EXPECT_THAT(visitor_->purged(), IsEmpty());
    EXPECT_EQ(queue(), before);
  }

  const std::shared_ptr<KafkaKitLock> visitor_ = kafka_kit(60s);
};

TEST_F(KafkaKitLockTest, KafkaKitAndZklockWaitForEachOther) {
  const auto first = kafka_kit(60s);
  const auto second = ours(60s);
  const auto third = kafka_kit(60s);
  EXPECT_EQ(first->lock(), Outcome::locked);
  auto second_lease = queue_up(second);
  auto third_outcome = queue_up(third);
  zookeeper_.advance(1s);
  EXPECT_FALSE(is_ready(second_lease));
  EXPECT_TRUE(first->unlock());
  zookeeper_.advance(1s);
  ASSERT_TRUE(is_ready(second_lease));
  EXPECT_FALSE(is_ready(third_outcome));
  second->unlock(second_lease.get());
  zookeeper_.advance(1s);
  ASSERT_TRUE(is_ready(third_outcome));
  EXPECT_EQ(third_outcome.get(), Outcome::locked);
  EXPECT_THAT(third->purged(), IsEmpty());
  EXPECT_THAT(queue(), ElementsAre(third->znode()));
}

// Ours ahead of kafka-kit.

TEST_F(KafkaKitLockTest, DoesNotPurgeAWaiterOfOursHoweverLongItWaits) {
  const auto holder = kafka_kit();
  const auto lock = ours(2s);
  ASSERT_EQ(holder->lock(), Outcome::locked);
  auto lease = queue_up(lock);
  expect_nothing_is_purged(10min);
  EXPECT_FALSE(is_ready(lease));
  EXPECT_TRUE(holder->unlock());
  zookeeper_.settle();
  ASSERT_TRUE(is_ready(lease));
  EXPECT_TRUE(lease.get().valid());
}

TEST_F(KafkaKitLockTest, DoesNotPurgeAWaiterWithADeadlineBeforeThatIsOver) {
  const auto holder = kafka_kit();
  const auto lock = ours(2s);
  ASSERT_EQ(holder->lock(), Outcome::locked);
  auto lease = queue_up(lock, Context().with_timeout(10min));
  expect_nothing_is_purged(10min - 1ms);
  EXPECT_FALSE(is_ready(lease));
  zookeeper_.advance(1ms);
  ASSERT_TRUE(is_ready(lease));
  EXPECT_THROW(lease.get(), LockError);
  EXPECT_THAT(queue(), ElementsAre(holder->znode()));
}

TEST_F(KafkaKitLockTest, DoesNotPurgeAHolderOfOursThatRenews) {
  const auto lock = ours(30s);
  const Lease lease = lock->lock();
  for (int renewal = 1; renewal <= 5; ++renewal) {
    expect_nothing_is_purged(30s - 1ms);
    lease.renew();
  }
  EXPECT_TRUE(lease.valid());
}

TEST_F(KafkaKitLockTest, DoesNotPurgeAHolderOfOursThatQueuedForLong) {
  const auto holder = kafka_kit();
  const auto lock = ours(30s);
  ASSERT_EQ(holder->lock(), Outcome::locked);
  auto waiting = queue_up(lock);
  zookeeper_.advance(10min);
  EXPECT_TRUE(holder->unlock());
  zookeeper_.settle();
  const Lease lease = waiting.get();
  expect_nothing_is_purged(30s - 1ms);
  EXPECT_TRUE(lease.valid());
}

TEST_F(KafkaKitLockTest, DoesNotPurgeAHolderOfOursWithoutATtl) {
  const auto lock = ours();
  const Lease lease = lock->lock();
  expect_nothing_is_purged(10min);
  EXPECT_TRUE(lease.valid());
}

TEST_F(KafkaKitLockTest, PurgesAHolderOfOursThatHangsBeyondItsTtl) {
  FakeMachine& machine = zookeeper_.machine("db7");
  ZooKeeperLock lock({.path = kPath, .ttl = 2s}, machine.connect({.session_timeout = 1min}));
  const Lease lease = machine.run([&] { return lock.lock(); });
  const auto contender = kafka_kit(60s);
  machine.freeze();
  expect_nothing_is_purged(2s);
  zookeeper_.advance(1ms);
  EXPECT_EQ(contender->lock(), Outcome::locked);
  EXPECT_THAT(contender->purged(), ElementsAre(lease.znode()));
  machine.thaw();
  machine.run([&] { EXPECT_FALSE(lease.valid()); });
  zookeeper_.advance(1s);
  EXPECT_TRUE(lease.lost().stop_requested());
  EXPECT_EQ(lease.loss_reason(), LossReason::ttl_over);
  EXPECT_THAT(queue(), ElementsAre(contender->znode()));
}

TEST_F(KafkaKitLockTest, PurgesAHolderOfOursByAWrongClockAndTheHolderIsNotified) {
  const auto lock = ours(10s);
  const Lease lease = lock->lock();
  zookeeper_.advance(1s);
  EXPECT_TRUE(lease.valid());
  FakeMachine& machine = zookeeper_.machine("db8");
  machine.step_wall_clock(1min);
  KafkaKitLock contender(machine.connect(), kPath, 60s);
  EXPECT_EQ(machine.run([&] { return contender.lock(); }), Outcome::locked);
  zookeeper_.settle();
  EXPECT_FALSE(lease.valid());
  EXPECT_TRUE(lease.lost().stop_requested());
  EXPECT_EQ(lease.loss_reason(), LossReason::claim_deleted);
  EXPECT_THAT(queue(), ElementsAre(contender.znode()));
}

TEST_F(KafkaKitLockTest, PurgesAWaiterOfOursByAWrongClockAndTheWaiterQueuesAgain) {
  const auto holder = ours();
  const auto waiter = ours(2s);
  const Lease lease = holder->lock();
  auto waiting = queue_up(waiter, Context().with_timeout(10min));
  FakeMachine& machine = zookeeper_.machine("db8");
  machine.step_wall_clock(24h);
  const auto contender = std::make_shared<KafkaKitLock>(machine.connect(), kPath, 60s);
  const std::string purged = queue().back();
  auto outcome = machine.run([&] { return queue_up(contender); });
  zookeeper_.advance(1s);
  EXPECT_FALSE(exists(purged));
  ASSERT_THAT(queue(), SizeIs(3));
  EXPECT_EQ(queue()[1], contender->znode()) << "ours is behind it now";
  EXPECT_TRUE(lease.valid()) << "the holder has no TTL, and says so";

  holder->unlock(lease);
  zookeeper_.advance(1s);
  ASSERT_TRUE(is_ready(outcome));
  EXPECT_EQ(outcome.get(), Outcome::locked);
  EXPECT_THAT(contender->purged(), ElementsAre(purged));
  EXPECT_FALSE(is_ready(waiting));
  EXPECT_TRUE(contender->unlock());
  zookeeper_.advance(1s);
  ASSERT_TRUE(is_ready(waiting));
  EXPECT_TRUE(waiting.get().valid());
}

// Kafka-kit ahead of ours.

TEST_F(KafkaKitLockTest, WithoutATtlIsNeverPurgedByUs) {
  const auto holder = kafka_kit();
  ASSERT_EQ(holder->lock(), Outcome::locked);
  const auto lock = ours(1s);
  EXPECT_THROW(lock->lock(Context().with_timeout(10min)), LockError);
  EXPECT_THAT(queue(), ElementsAre(holder->znode()));
}

TEST_F(KafkaKitLockTest, IsPurgedByAWaiterOfOursOnceItsTimeIsOver) {
  const auto holder = kafka_kit(2s);
  ASSERT_EQ(holder->lock(), Outcome::locked);
  const auto lock = ours(60s);
  auto lease = queue_up(lock);
  zookeeper_.advance(2s);
  EXPECT_FALSE(is_ready(lease));
  EXPECT_TRUE(exists(holder->znode()));
  zookeeper_.advance(10ms);  // for drift, and the milliseconds of the servers' stamps
  ASSERT_TRUE(is_ready(lease));
  EXPECT_TRUE(lease.get().valid());
  EXPECT_FALSE(exists(holder->znode()));
}

TEST_F(KafkaKitLockTest, IsPurgedByANewcomerOfOursAtOnceOnceItsTimeIsOver) {
  const auto holder = kafka_kit(2s);
  ASSERT_EQ(holder->lock(), Outcome::locked);
  zookeeper_.advance(1900ms);
  EXPECT_FALSE(ours(60s)->try_lock());
  zookeeper_.advance(110ms);
  EXPECT_TRUE(ours(60s)->try_lock());
  EXPECT_FALSE(exists(holder->znode()));
}

TEST_F(KafkaKitLockTest, WithAFastClockIsPurgedByUsByTheServersTime) {
  FakeMachine& machine = zookeeper_.machine("db8");
  machine.step_wall_clock(-1h);  // so its deadline is over as soon as it has queued
  KafkaKitLock holder(machine.connect(), kPath, 30s);
  ASSERT_EQ(machine.run([&] { return holder.lock(); }), Outcome::locked);
  const auto lock = ours(60s);
  auto lease = queue_up(lock);
  zookeeper_.advance(30s);
  EXPECT_FALSE(is_ready(lease));
  zookeeper_.advance(100ms);
  EXPECT_TRUE(is_ready(lease));
}

/// Kafka-kit's deadline counts from when it queued: contenders that see nothing else consider it
/// over as soon as it is granted.
class QueuedForLongTest : public KafkaKitLockTest {
 protected:
  QueuedForLongTest() {
    const Lease lease = before_->lock();
    granted_ = queue_up(kafka_kit_);
    behind_ = queue_up(lock_);
    zookeeper_.advance(10s);
    before_->unlock(lease);
    zookeeper_.advance(100ms);
    EXPECT_TRUE(is_ready(granted_));
  }

  const std::shared_ptr<ZooKeeperLock> before_ = ours();
  const std::shared_ptr<KafkaKitLock> kafka_kit_ = kafka_kit(5s);
  const std::shared_ptr<ZooKeeperLock> lock_ = ours(2s);
  std::future<Outcome> granted_;
  std::future<Lease> behind_;
};

TEST_F(QueuedForLongTest, HoldsForItsTtlIfWeSawItWait) {
  zookeeper_.advance(4s);
  EXPECT_FALSE(is_ready(behind_));
  EXPECT_TRUE(exists(kafka_kit_->znode())) << "a waiter is not purged, nor is it just granted";
  EXPECT_TRUE(kafka_kit_->unlock());
  zookeeper_.settle();
  EXPECT_TRUE(is_ready(behind_));
}

TEST_F(QueuedForLongTest, IsPurgedAfterWeSawItHoldForItsTtl) {
  // Its claim does not change when it becomes first. The waiter behind it finds out when it reads
  // the queue, after its own TTL.
  zookeeper_.advance(5s + 3s);
  EXPECT_TRUE(is_ready(behind_));
  EXPECT_FALSE(exists(kafka_kit_->znode()));
}

TEST_F(QueuedForLongTest, NewcomersPurgeItAtOnceAsKafkaKitDoes) {
  const auto newcomer = ours(60s);
  auto last = queue_up(newcomer);
  zookeeper_.advance(500ms);
  EXPECT_FALSE(exists(kafka_kit_->znode()));
  EXPECT_TRUE(is_ready(behind_)) << "the next in line gets it, no matter which waiter purged";
  EXPECT_FALSE(is_ready(last));
}

// The oracle: what kafka-kit does where it does not wait.

TEST_F(KafkaKitLockTest, FailsAfterFivePausesBehindUnreadableData) {
  const auto contender = kafka_kit(60s);
  const auto holder = zookeeper_.connect();
  const auto claim =
      holder->create_protected_ephemeral_sequential("/locks/lock-", "10.0.0.7", Acl::open(), {});
  ASSERT_TRUE(claim);
  auto outcome = queue_up(contender);
  zookeeper_.advance(249ms);
  EXPECT_FALSE(is_ready(outcome));
  zookeeper_.advance(1ms);
  ASSERT_TRUE(is_ready(outcome));
  EXPECT_EQ(outcome.get(), Outcome::failed);
  EXPECT_THAT(queue(), ElementsAre(claim->path));
}

TEST_F(KafkaKitLockTest, PurgesKafkaKitsWithoutATtl) {
  const auto holder = kafka_kit();
  ASSERT_EQ(holder->lock(), Outcome::locked);
  zookeeper_.advance(1ms);
  const auto contender = kafka_kit(60s);
  EXPECT_EQ(contender->lock(), Outcome::locked);
  EXPECT_THAT(contender->purged(), ElementsAre(holder->znode()));
  EXPECT_FALSE(holder->unlock());
}

}  // namespace
}  // namespace zklock::test
