// WhenUncertain::suspend: a lease that is suspended while no server confirms its session, and comes
// back. On the fake ensemble of three, in virtual time. The session timeout is 10 s.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/fail_stop.h>
#include <zklock/guarded_write.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <future>
#include <memory>
#include <stop_token>
#include <string>

#include "support/error_of.h"
#include "support/recording_observer.h"

namespace zklock {
namespace {

using namespace std::chrono_literals;
using zklock::test::error_of;
using zklock::test::RecordingObserver;
using zklock::testing::FakeZooKeeper;
using Operation = FakeZooKeeper::Operation;

class LeaseSuspensionTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<ZooKeeperLock> lock_with(std::chrono::milliseconds ttl) const {
    return std::make_unique<ZooKeeperLock>(
        ZooKeeperLockConfig{.path = "/locks",
                            .ttl = ttl,
                            .owner_key = "owner",
                            .observer = observer_,
                            .when_uncertain = WhenUncertain::suspend},
        client_);
  }
  /// The servers do not hear of the client, nor it of them, until it has nothing left.
  void let_it_be_suspended(const Lease& lease) {
    zk_.advance(1min);  // the evidence is that of a session in good order
    zk_.cut(client_);
    zk_.advance(lease.remaining() + 1ms);
    ASSERT_FALSE(lease.valid());
    ASSERT_FALSE(lease.lost().stop_requested());
  }
  void let_it_return() {
    zk_.restore(client_);
    zk_.advance(4s);  // evidence may take a third of the session timeout
  }
  void expect_loss(const Lease& lease, LossReason reason) {
    EXPECT_FALSE(lease.valid());
    EXPECT_TRUE(lease.lost().stop_requested());
    EXPECT_EQ(lease.loss_reason(), reason);
    EXPECT_EQ(error_of([&] { lease.await_certainty(); }).code(), Errc::lock_lost);
    EXPECT_TRUE(lease.suspended().stop_requested()) << "it is not only for suspensions";
  }

  FakeZooKeeper zk_;
  const std::shared_ptr<RecordingObserver> observer_ = std::make_shared<RecordingObserver>();
  const FakeZooKeeper::Client client_ = zk_.connect({.session_timeout = 10s});
  const std::unique_ptr<ZooKeeperLock> lock_ = lock_with(0ms);
};

TEST_F(LeaseSuspensionTest, IsNotValidWhileUncertainAndValidAgainWithTheSameToken) {
  const Lease lease = lock_->lock();
  const std::int64_t token = lease.fencing_token();
  const std::stop_token suspended = lease.suspended();
  zk_.advance(10min);
  EXPECT_FALSE(suspended.stop_requested());

  zk_.cut(client_);
  zk_.advance(lease.remaining() - 1ms);
  EXPECT_TRUE(lease.valid());
  EXPECT_FALSE(suspended.stop_requested());
  zk_.advance(1ms);
  EXPECT_TRUE(suspended.stop_requested()) << "as early as lost() would have been";
  EXPECT_FALSE(lease.valid());
  EXPECT_EQ(lease.remaining(), 0ns);
  EXPECT_FALSE(lease.lost().stop_requested());
  EXPECT_FALSE(lease.loss_reason());
  EXPECT_TRUE(zk_.get(lease.znode())) << "its place in the queue";

  let_it_return();
  EXPECT_TRUE(lease.valid());
  EXPECT_EQ(lease.fencing_token(), token);
  EXPECT_TRUE(suspended.stop_requested()) << "what was told stays told";
  EXPECT_FALSE(lease.suspended().stop_requested()) << "a token for the next time";
  zk_.advance(10min);
  EXPECT_TRUE(lease.valid());
  EXPECT_NO_THROW(lease.verify());
  EXPECT_THAT(observer_->order(), ::testing::ElementsAre("granted", "suspended", "resumed"));
  lock_->unlock(lease);
}

TEST_F(LeaseSuspensionTest, IsSuspendedAsOftenAsTheEvidenceRunsOut) {
  const Lease lease = lock_->lock();
  for (int round = 0; round < 5; ++round) {
    const std::stop_token suspended = lease.suspended();
    EXPECT_FALSE(suspended.stop_requested());
    let_it_be_suspended(lease);
    EXPECT_TRUE(suspended.stop_requested());
    let_it_return();
    ASSERT_TRUE(lease.valid()) << round;
    zk_.advance(1min);
  }
  EXPECT_EQ(observer_->count("suspended"), 5U);
  EXPECT_EQ(observer_->count("resumed"), 5U);
}

TEST_F(LeaseSuspensionTest, LeasesOfOtherLocksAreLostAsBefore) {
  ZooKeeperLock other({.path = "/other"}, client_);
  const Lease lease = other.lock();
  EXPECT_EQ(lease.suspended(), lease.lost());
  zk_.cut(client_);
  zk_.advance(lease.remaining() + 1ms);
  EXPECT_EQ(lease.loss_reason(), LossReason::cut_off);
  EXPECT_TRUE(lease.suspended().stop_requested());
  zk_.restore(client_);
}

TEST_F(LeaseSuspensionTest, AwaitCertaintyReturnsWhenItIsValidAgain) {
  const Lease lease = lock_->lock();
  EXPECT_NO_THROW(lease.await_certainty(Context().with_timeout(0ms))) << "it is certain";
  let_it_be_suspended(lease);
  zk_.advance(1s);
  auto waits = zk_.in_background([&] {
    lease.await_certainty();
    return lease.valid();
  });
  zk_.advance(1s);
  let_it_return();
  EXPECT_TRUE(waits.get());
}

TEST_F(LeaseSuspensionTest, AwaitCertaintyEndsWithItsContext) {
  const Lease lease = lock_->lock();
  let_it_be_suspended(lease);
  EXPECT_EQ(error_of([&] { lease.await_certainty(Context().with_timeout(500ms)); }).code(),
            Errc::no_server_answered);
  std::stop_source stop;
  stop.request_stop();
  const LockError error =
      error_of([&] { lease.await_certainty(Context().with_stop_token(stop.get_token())); });
  EXPECT_EQ(error.code(), Errc::locking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::canceled);
  std::error_code code;
  lease.await_certainty(Context().with_timeout(1ms), code);
  EXPECT_EQ(code, Errc::no_server_answered);
  EXPECT_FALSE(lease.lost().stop_requested());
}

TEST_F(LeaseSuspensionTest, AClaimThatWasDeletedMeanwhileIsLost) {
  const Lease lease = lock_->lock();
  let_it_be_suspended(lease);
  zk_.remove(lease.znode());
  let_it_return();
  expect_loss(lease, LossReason::claim_deleted);
}

TEST_F(LeaseSuspensionTest, TheCheckOfTheClaimDecidesNotTheWatch) {
  const Lease lease = lock_->lock();
  // So its claim is not watched, at the grant and later. (Such answers are evidence, too.)
  zk_.fail_next(Operation::get, ZooKeeperErrc::no_auth, 10'000);
  let_it_be_suspended(lease);
  zk_.remove(lease.znode());
  let_it_return();
  expect_loss(lease, LossReason::claim_deleted);
}

TEST_F(LeaseSuspensionTest, ASessionThatHasEndedMeanwhileIsLost) {
  const Lease lease = lock_->lock();
  let_it_be_suspended(lease);
  zk_.advance(10s);
  ASSERT_FALSE(zk_.get(lease.znode()));
  EXPECT_FALSE(lease.lost().stop_requested()) << "nobody knows yet";
  let_it_return();
  expect_loss(lease, LossReason::session_expired);
}

TEST_F(LeaseSuspensionTest, WithoutAConnectionForThreeTimeoutsItIsLost) {
  const Lease lease = lock_->lock();
  let_it_be_suspended(lease);
  zk_.advance(30s);
  expect_loss(lease, LossReason::cut_off);
  zk_.restore(client_);
}

TEST_F(LeaseSuspensionTest, TheTtlGoesOnAndEndsIt) {
  const auto lock = lock_with(70s);
  const Lease lease = lock->lock();
  let_it_be_suspended(lease);
  zk_.advance(10s);
  expect_loss(lease, LossReason::ttl_over);
  zk_.restore(client_);
}

TEST_F(LeaseSuspensionTest, RenewVerifyAndRequireWaitUntilItIsValidAgain) {
  const auto lock = lock_with(5min);
  const Lease lease = lock->lock();
  let_it_be_suspended(lease);
  const Context brief = Context().with_timeout(100ms);
  EXPECT_EQ(error_of([&] { lease.renew(brief); }).code(), Errc::no_server_answered);
  EXPECT_EQ(error_of([&] { lease.verify(brief); }).code(), Errc::no_server_answered);
  EXPECT_EQ(error_of([&] { lease.require(1s, brief); }).code(), Errc::no_server_answered);
  auto renews = zk_.in_background([&] { lease.renew(); });
  auto verifies = zk_.in_background([&] { lease.verify(); });
  auto requires_a_second = zk_.in_background([&] { lease.require(1s); });
  let_it_return();
  EXPECT_NO_THROW(renews.get());
  EXPECT_NO_THROW(verifies.get());
  EXPECT_NO_THROW(requires_a_second.get());
  EXPECT_TRUE(lease.valid());
}

TEST_F(LeaseSuspensionTest, ItsPlaceInTheQueueIsKept) {
  const Lease lease = lock_->lock();
  const FakeZooKeeper::Client their_client = zk_.connect({.session_timeout = 10s});
  ZooKeeperLock theirs({.path = "/locks"}, their_client);
  auto waits = zk_.in_background([&] { return theirs.lock(Context().with_timeout(10min)); });
  zk_.advance(1s);
  let_it_be_suspended(lease);
  let_it_return();
  EXPECT_TRUE(lease.valid());
  lock_->unlock(lease);
  zk_.settle();
  zk_.advance(1s);
  EXPECT_GT(waits.get().fencing_token(), lease.fencing_token());
}

TEST_F(LeaseSuspensionTest, AnUnlockReleasesItAndItDoesNotComeBack) {
  const Lease lease = lock_->lock();
  const std::stop_token suspended = lease.suspended();
  let_it_be_suspended(lease);
  auto waits = zk_.in_background([&] { lease.await_certainty(); });
  zk_.settle();
  const LockError error = error_of([&] { lock_->unlock(lease, Context().with_timeout(100ms)); });
  EXPECT_EQ(error.code(), Errc::unlocking_failed) << "no server has confirmed it";
  EXPECT_EQ(error_of([&] { waits.get(); }).code(), Errc::lock_lost);
  let_it_return();
  EXPECT_FALSE(zk_.get(lease.znode())) << "it was removed in the background";
  EXPECT_FALSE(lease.valid());
  EXPECT_FALSE(lease.loss_reason());
  EXPECT_EQ(observer_->count("resumed"), 0U);
  EXPECT_NO_THROW(static_cast<void>(lock_->lock(1s)));
}

TEST_F(LeaseSuspensionTest, ItIsTheCurrentGrantOfItsLock) {
  const Context as_me = Context().with_value("owner", "me");
  const Lease lease = lock_->lock(as_me);
  let_it_be_suspended(lease);
  EXPECT_EQ(lock_->lease(), lease);
  EXPECT_EQ(lock_->owner(), "me");
  EXPECT_EQ(error_of([&] { lock_->lock(as_me.with_timeout(1s)); }).code(), Errc::already_own_lock)
      << "it would wait for itself";
  let_it_return();
  EXPECT_NO_THROW(lock_->unlock(as_me));
}

TEST_F(LeaseSuspensionTest, ALockThatIsDestroyedEndsIt) {
  auto lock = lock_with(0ms);
  const Lease lease = lock->lock();
  let_it_be_suspended(lease);
  lock.reset();
  expect_loss(lease, LossReason::client_closed);
  let_it_return();
  EXPECT_FALSE(zk_.get(lease.znode()));
}

TEST_F(LeaseSuspensionTest, WarningsComeBeforeItAndAgainBeforeTheNextOne) {
  const Lease lease = lock_->lock();
  const std::stop_token ending = lease.ending(1s);
  zk_.cut(client_);
  zk_.advance(lease.remaining() - 1s);
  EXPECT_TRUE(ending.stop_requested());
  EXPECT_TRUE(lease.valid());
  zk_.advance(1s);
  EXPECT_TRUE(lease.ending(1s).stop_requested()) << "nothing is left";
  let_it_return();
  const std::stop_token next = lease.ending(1s);
  zk_.advance(1min);
  EXPECT_FALSE(next.stop_requested());
  let_it_be_suspended(lease);
  EXPECT_TRUE(next.stop_requested());
  zk_.restore(client_);
}

TEST_F(LeaseSuspensionTest, ItsEndIsReportedAgainAfterASuspension) {
  const auto observer = std::make_shared<RecordingObserver>();
  ZooKeeperLock lock({.path = "/reported",
                      .observer = observer,
                      .when_uncertain = WhenUncertain::suspend,
                      .observer_margin = 1s},
                     client_);
  const Lease lease = lock.lock();
  for (int round = 0; round < 3; ++round) {
    let_it_be_suspended(lease);
    let_it_return();
  }
  EXPECT_EQ(observer->count("suspended"), 3U);
  EXPECT_EQ(observer->count("ending"), 3U);
}

TEST_F(LeaseSuspensionTest, GuardedWritesGoOnWithTheConnection) {
  zk_.create("/data");
  const Lease lease = lock_->lock();
  let_it_be_suspended(lease);
  auto writes = zk_.in_background([&] { GuardedWrite(lease).set("/data", "new").commit(); });
  let_it_return();
  EXPECT_NO_THROW(writes.get());
  EXPECT_EQ(zk_.get("/data")->data, "new");
}

TEST_F(LeaseSuspensionTest, ACheckThatIsNotAnsweredIsSentAgain) {
  const Lease lease = lock_->lock();
  let_it_be_suspended(lease);
  zk_.fail_next(Operation::check, ZooKeeperErrc::throttled, 3);
  let_it_return();
  zk_.advance(4s);
  EXPECT_TRUE(lease.valid());
}

TEST_F(LeaseSuspensionTest, AClaimThatMayNotBeCheckedIsLost) {
  const Lease lease = lock_->lock();
  let_it_be_suspended(lease);
  zk_.fail_next(Operation::check, ZooKeeperErrc::no_auth, 1000);  // they count as evidence
  let_it_return();
  expect_loss(lease, LossReason::cut_off);
}

TEST_F(LeaseSuspensionTest, AHolderThatWasFrozenFindsItSuspendedByTheClock) {
  testing::FakeMachine& machine = zk_.machine("theirs");
  const FakeZooKeeper::Client client = machine.connect({.session_timeout = 10s});
  ZooKeeperLock lock({.path = "/theirs", .when_uncertain = WhenUncertain::suspend}, client);
  const Lease lease = machine.run([&] { return lock.lock(); });
  zk_.advance(1min);
  machine.freeze();
  zk_.advance(8s);  // its session stands
  EXPECT_FALSE(machine.run([&] { return lease.valid(); }));
  machine.thaw();
  zk_.advance(5s);
  EXPECT_TRUE(machine.run([&] { return lease.valid(); }));
  EXPECT_NO_THROW(machine.run([&] { lease.verify(); }));
}

}  // namespace
}  // namespace zklock
