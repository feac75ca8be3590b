// Giving up: deadlines, cancellation, attempts that do not wait; nothing stays in the queue.
#include "lock_fixture.h"

namespace zklock {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Return;

using LockGiveUpTest = LockTest;

TEST_F(LockGiveUpTest, TheDeadlineEndsTheWaitAndRemovesTheClaim) {
  internal::Metadata holder = others(std::nullopt);
  zk_->claim(kFirst, internal::to_json(holder));
  ZooKeeperLock lock(config(), zk_);
  Waiter waiter(lock, Context().with_timeout(3s));
  ASSERT_TRUE(seen_->await("waiting"));
  const std::string own = seen_->all("waiting")[0].znode;
  time_.advance(3s - 1ms);
  ASSERT_TRUE(zk_->await_watched(own));  // it looked at the clock, and went on
  EXPECT_FALSE(waiter.is_done());
  time_.advance(1ms);
  const LockError error = waiter.error();
  EXPECT_EQ(error.code(), Errc::locking_timed_out);
  EXPECT_EQ(error.code(), std::errc::timed_out);
  EXPECT_THAT(error.what(),
              AllOf(HasSubstr("attempt to acquire lock timed out: /locks is held by user1"),
                    HasSubstr("on web3 (pid 4242)"),
                    HasSubstr("since " + internal::to_rfc3339(holder.timestamp)), HasSubstr(kFirst),
                    HasSubstr("1 ahead")));
  EXPECT_FALSE(zk_->exists(own));
  EXPECT_TRUE(zk_->exists(kFirst));
  const auto failed = seen_->all("lock_failed");
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0].znode, "/locks");
  EXPECT_EQ(failed[0].error->code(), Errc::locking_timed_out);
  EXPECT_GE(failed[0].waited, 3s);
}

TEST_F(LockGiveUpTest, ATimeoutBehindAnUnreadableClaimNamesTheClaim) {
  zk_->claim(kFirst, "{");
  ZooKeeperLock lock(config(), zk_);
  const LockError error = error_of([&] { lock.lock(late()); });
  EXPECT_THAT(error.what(), AllOf(HasSubstr(kFirst), HasSubstr("1 ahead")));
}

TEST_F(LockGiveUpTest, ATimeoutFurtherBackReportsTheHolderAndTheNumberAhead) {
  zk_->claim(kFirst, internal::to_json(others(std::nullopt)));
  zk_->claim(kSecond);
  ZooKeeperLock lock(config(), zk_);
  Waiter waiter(lock, Context().with_timeout(3s));
  ASSERT_TRUE(seen_->await("waiting"));
  time_.advance(50ms);
  ASSERT_TRUE(zk_->await_watched(kFirst)) << "it is further ahead than the next one";
  time_.advance(3s);
  EXPECT_THAT(waiter.error().what(), AllOf(HasSubstr("user1 on web3"), HasSubstr("2 ahead")));
}

TEST_F(LockGiveUpTest, AnOwnerWithoutANameIsReportedAsUnnamed) {
  internal::Metadata holder = others(std::nullopt);
  holder.owner.clear();
  holder.host.clear();
  zk_->claim(kFirst, internal::to_json(holder));
  ZooKeeperLock lock(config(), zk_);
  EXPECT_THAT(error_of([&] { lock.lock(late()); }).what(),
              HasSubstr("is held by an unnamed owner since"));
}

TEST_F(LockGiveUpTest, StopTokenCancelsTheWaitAndRemovesTheClaim) {
  zk_->claim(kFirst);
  ZooKeeperLock lock(config(), zk_);
  Waiter waiter(lock);
  ASSERT_TRUE(seen_->await("waiting"));
  waiter.cancel();
  const LockError error = waiter.error();
  EXPECT_EQ(error.code(), Errc::locking_canceled);
  EXPECT_EQ(error.code(), std::errc::operation_canceled);
  EXPECT_EQ(zk_->names("/locks").size(), 1U);
  EXPECT_EQ(seen_->all("lock_failed").at(0).error->code(), Errc::locking_canceled);
}

TEST_F(LockGiveUpTest, AStoppedTokenDoesNotWait) {
  zk_->claim(kFirst);
  std::stop_source stop;
  stop.request_stop();
  ZooKeeperLock lock(config(), zk_);
  EXPECT_EQ(error_of([&] { lock.lock(Context().with_stop_token(stop.get_token())); }).code(),
            Errc::locking_canceled);
  EXPECT_EQ(zk_->names("/locks").size(), 1U);
}

TEST_F(LockGiveUpTest, CancellationComesBeforeAPastDeadline) {
  zk_->claim(kFirst);
  std::stop_source stop;
  stop.request_stop();
  ZooKeeperLock lock(config(), zk_);
  EXPECT_EQ(error_of([&] { lock.lock(late().with_stop_token(stop.get_token())); }).code(),
            Errc::locking_canceled);
}

TEST_F(LockGiveUpTest, APastDeadlineMakesOneAttempt) {
  ZooKeeperLock lock(config(), zk_);
  EXPECT_TRUE(lock.lock(late()).valid());
  lock.unlock();
  zk_->claim(kFirst);
  EXPECT_EQ(error_of([&] { lock.lock(late()); }).code(), Errc::locking_timed_out);
  EXPECT_EQ(seen_->count("waiting"), 0U);
  EXPECT_EQ(zk_->names("/locks").size(), 1U);
}

TEST_F(LockGiveUpTest, TheOwnerOfACallWithAPassedDeadlineCounts) {
  ZooKeeperLock lock(config(), zk_);
  EXPECT_EQ(lock.lock(owner("user1").with_timeout(0s)).owner(), "user1");
}

TEST_F(LockGiveUpTest, TryLockDoesNotQueue) {
  zk_->claim(kFirst);
  ZooKeeperLock lock(config(), zk_);
  EXPECT_FALSE(lock.try_lock());
  EXPECT_EQ(seen_->count("waiting"), 0U);
  EXPECT_EQ(zk_->names("/locks").size(), 1U);
  zk_->erase(kFirst);
  EXPECT_TRUE(lock.try_lock());
}

TEST_F(LockGiveUpTest, TryLockLeavesNoWatchBehind) {
  // It would be there until that claim goes.
  EXPECT_CALL(*zk_, get_and_watch).Times(0);
  zk_->claim(kFirst);
  ZooKeeperLock lock(config(), zk_);
  EXPECT_FALSE(lock.try_lock());
}

TEST_F(LockGiveUpTest, TryLockThrowsErrorsThatWaitingCannotSolve) {
  EXPECT_CALL(*zk_, create_protected_ephemeral_sequential).WillOnce(Return(ZooKeeperErrc::no_auth));
  ZooKeeperLock lock(config(), zk_);
  EXPECT_EQ(error_of([&] { static_cast<void>(lock.try_lock()); }).code(), Errc::locking_failed);
}

TEST_F(LockGiveUpTest, TryLockForWaitsAndThenGivesUp) {
  zk_->claim(kFirst);
  ZooKeeperLock lock(config(), zk_);
  auto locked = in_background([&] { return lock.try_lock_for(3s); });
  EXPECT_FALSE(locked.is_done());
  EXPECT_EQ(seen_->count("waiting"), 1U);
  time_.advance(3s);
  EXPECT_FALSE(locked.get());
  EXPECT_EQ(zk_->names("/locks").size(), 1U);
}

TEST_F(LockGiveUpTest, AnUnconfirmedRemovalContinuesInTheBackground) {
  zk_->claim(kFirst);
  EXPECT_CALL(*zk_, remove).WillOnce(Return(ZooKeeperErrc::connection_loss));
  ZooKeeperLock lock(config(), zk_);
  EXPECT_FALSE(lock.try_lock());
  EXPECT_EQ(zk_->removed_in_background().size(), 1U);
  EXPECT_EQ(zk_->names("/locks").size(), 1U);
}

TEST_F(LockGiveUpTest, ACallThatIsCancelledBeforeSendsNothing) {
  EXPECT_CALL(*zk_, create_protected_ephemeral_sequential).Times(0);
  ZooKeeperLock lock(config(), zk_);
  std::stop_source stop;
  stop.request_stop();
  std::error_code error;
  lock.lock(Context().with_stop_token(stop.get_token()), error);
  EXPECT_EQ(error, Errc::locking_canceled);
}

TEST_F(LockGiveUpTest, DestroyingTheLockCancelsItsWaiters) {
  zk_->claim(kFirst);
  auto lock = std::make_unique<ZooKeeperLock>(config(), zk_);
  Waiter waiter(*lock);
  ASSERT_TRUE(seen_->await("waiting"));
  lock.reset();
  EXPECT_EQ(waiter.error().code(), Errc::locking_canceled);
  EXPECT_EQ(zk_->names("/locks").size(), 1U);
}

}  // namespace
}  // namespace zklock
