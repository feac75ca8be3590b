// What an observer learns beyond grants and releases: who is ahead, how long a lease was held, that
// it is ending, what becomes of a claim that was given up. On the fake, in virtual time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/locked_worker.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "support/error_of.h"
#include "support/recording_observer.h"
#include "support/virtual_clock.h"

namespace zklock {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using zklock::test::error_of;
using zklock::test::RecordingObserver;
using zklock::testing::FakeZooKeeper;
using Operation = FakeZooKeeper::Operation;

/// The session timeout is 10 s.
class LockEventsTest : public ::testing::Test {
 protected:
  [[nodiscard]] ZooKeeperLockConfig config(std::chrono::milliseconds ttl = 0ms) const {
    return {.path = "/locks", .ttl = ttl, .owner_key = "owner", .observer = seen_};
  }
  static Context owner(const std::string& name) { return Context().with_value("owner", name); }

  const std::shared_ptr<RecordingObserver> seen_ = std::make_shared<RecordingObserver>();
  FakeZooKeeper zk_;
  const FakeZooKeeper::Client client_ = zk_.connect({.session_timeout = 10s});
  const FakeZooKeeper::Client others_ = zk_.connect({.session_timeout = 10s});
};

TEST_F(LockEventsTest, AWaiterSaysWhoIsJustAheadAndWhenThatIsSomebodyElse) {
  ZooKeeperLock first({.path = "/locks", .owner_key = "owner"}, others_);
  ZooKeeperLock second({.path = "/locks", .owner_key = "owner"}, others_);
  ZooKeeperLock third(config(), client_);
  const Lease holder = first.lock(owner("user1"));
  std::stop_source gives_up;
  auto between = zk_.in_background([&] {
    return error_of([&] { second.lock(owner("user2").with_stop_token(gives_up.get_token())); });
  });
  zk_.settle();
  auto waiter = zk_.in_background([&] { return third.lock(owner("user3")); });
  zk_.settle();
  auto blocked = seen_->all("blocked_by");
  ASSERT_THAT(blocked, SizeIs(1));
  const std::vector<std::string> queue = zk_.children("/locks");
  EXPECT_EQ(blocked[0].znode, queue[2]);
  EXPECT_EQ(blocked[0].entry.path, queue[1]);
  EXPECT_EQ(blocked[0].entry.owner, "user2");
  EXPECT_EQ(blocked[0].entry.host, "localhost");
  EXPECT_EQ(blocked[0].entry.id, 1);
  gives_up.request_stop();
  zk_.settle();
  EXPECT_EQ(between.get().code(), Errc::locking_canceled);
  blocked = seen_->all("blocked_by");
  ASSERT_THAT(blocked, SizeIs(2));
  EXPECT_EQ(blocked[1].entry.owner, "user1");
  EXPECT_EQ(blocked[1].entry.fencing_token, holder.fencing_token());
  first.unlock(holder);
  zk_.settle();
  third.unlock(waiter.get());
}

TEST_F(LockEventsTest, AListThatShowsTheSameClaimAheadDoesNotReportItAgain) {
  ZooKeeperLock first({.path = "/locks"}, others_);
  ZooKeeperLock second(config(), client_);
  const Lease holder = first.lock();
  auto waiter = zk_.in_background([&] { return second.lock(); });
  zk_.settle();
  zk_.break_connection(client_);
  zk_.settle();
  EXPECT_THAT(seen_->all("waiting"), SizeIs(2));
  EXPECT_THAT(seen_->all("blocked_by"), SizeIs(1));
  first.unlock(holder);
  zk_.settle();
  second.unlock(waiter.get());
}

TEST_F(LockEventsTest, AReleaseSaysHowLongItWasHeld) {
  ZooKeeperLock lock(config(), client_);
  const Lease lease = lock.lock();
  EXPECT_EQ(lease.held_for(), 0s);
  zk_.advance(7s);
  EXPECT_EQ(lease.held_for(), 7s);
  lock.unlock(lease);
  EXPECT_EQ(seen_->all("released").at(0).held, 7s);
  zk_.advance(1h);
  EXPECT_EQ(lease.held_for(), 7s);
  EXPECT_EQ(Lease().held_for(), 0s);
}

TEST_F(LockEventsTest, ALossSaysHowLongItWasHeldAndWhy) {
  ZooKeeperLock lock(config(30s), client_);
  const Lease lease = lock.lock();
  zk_.advance(1min);
  const auto lost = seen_->all("lost");
  ASSERT_THAT(lost, SizeIs(1));
  EXPECT_EQ(lost[0].held, 30s);
  EXPECT_EQ(lost[0].reason, LossReason::ttl_over);
}

TEST_F(LockEventsTest, AnEndingLeaseIsReportedOnceWithWhatIsLeft) {
  ZooKeeperLockConfig warned = config(30s);
  warned.observer_margin = 2s;
  ZooKeeperLock lock(warned, client_);
  const Lease lease = lock.lock();
  zk_.advance(28s - 1ms);
  EXPECT_THAT(seen_->all("ending"), IsEmpty());
  zk_.advance(1ms);
  const auto ending = seen_->all("ending");
  ASSERT_THAT(ending, SizeIs(1));
  EXPECT_EQ(ending[0].znode, lease.znode());
  EXPECT_EQ(ending[0].remaining, 2s);
  zk_.advance(1min);
  EXPECT_THAT(seen_->all("lost"), SizeIs(1));
  EXPECT_THAT(seen_->all("ending"), SizeIs(1));
}

TEST_F(LockEventsTest, ALeaseThatWasRenewedIsReportedAgainWhenItIsEndingOnceMore) {
  ZooKeeperLockConfig warned = config(30s);
  warned.observer_margin = 2s;
  ZooKeeperLock lock(warned, client_);
  const Lease lease = lock.lock();
  for (std::size_t times = 1; times <= 3; ++times) {
    zk_.advance(29s);
    EXPECT_THAT(seen_->all("ending"), SizeIs(times));
    lease.renew();
  }
  lock.unlock(lease);
  zk_.advance(1min);
  EXPECT_THAT(seen_->all("ending"), SizeIs(3));
}

TEST_F(LockEventsTest, TheEndOfTheSessionsCertaintyIsReportedTooAndALongMarginIsShortened) {
  ZooKeeperLockConfig warned = config();
  warned.observer_margin = 1h;
  ZooKeeperLock lock(warned, client_);
  const Lease lease = lock.lock();
  zk_.advance(1h);
  EXPECT_THAT(seen_->all("ending"), IsEmpty());
  zk_.stall(client_);
  zk_.advance(lease.remaining() - lease.longest_margin() - 1ms);
  EXPECT_THAT(seen_->all("ending"), IsEmpty());
  zk_.advance(1ms);
  const auto ending = seen_->all("ending");
  ASSERT_THAT(ending, SizeIs(1));
  EXPECT_EQ(ending[0].remaining, lease.longest_margin());
  EXPECT_TRUE(lease.valid());
  zk_.restore(client_);
}

TEST_F(LockEventsTest, ALeaseThatIsRenewedInTimeIsNotEndingHoweverLongTheMargin) {
  ZooKeeperLockConfig warned = config(2s);
  warned.observer_margin = 10s;
  ZooKeeperLock lock(warned, client_);
  const Lease lease = lock.lock();
  for (int i = 0; i < 20; ++i) {
    zk_.advance(500ms);
    lease.renew();
  }
  EXPECT_THAT(seen_->all("ending"), IsEmpty());
}

TEST_F(LockEventsTest, NoEndingIsReportedWithoutAMarginNorForALossThatComesFirst) {
  ZooKeeperLock unwarned(config(30s), client_);
  EXPECT_TRUE(unwarned.lock());
  zk_.advance(1min);
  ZooKeeperLockConfig warned = config();
  warned.observer_margin = 2s;
  ZooKeeperLock lock(warned, client_);
  const Lease lease = lock.lock();
  zk_.remove(lease.znode());
  zk_.advance(1min);
  EXPECT_THAT(seen_->all("lost"), SizeIs(2));
  EXPECT_THAT(seen_->all("ending"), IsEmpty());
}

TEST_F(LockEventsTest, AMarginMustNotBeNegative) {
  ZooKeeperLockConfig bad = config();
  bad.observer_margin = -1ms;
  const LockError error = error_of([&] { ZooKeeperLock lock(bad, client_); });
  EXPECT_EQ(error.code(), Errc::invalid_config);
  EXPECT_THAT(error.what(), ::testing::HasSubstr("observer_margin"));
}

TEST_F(LockEventsTest, ARemovalThatGoesOnInTheBackgroundIsPendingUntilItIsDone) {
  ZooKeeperLock lock(config(), client_);
  const Lease lease = lock.lock();
  zk_.stall(client_);
  EXPECT_EQ(error_of([&] { lock.unlock(Context().with_timeout(1s)); }).code(),
            Errc::unlocking_failed);
  zk_.settle();
  EXPECT_THAT(seen_->znodes("removal_pending"), ElementsAre(lease.znode()));
  EXPECT_THAT(seen_->all("removed"), IsEmpty());
  zk_.restore(client_);
  zk_.advance(10s);
  EXPECT_THAT(zk_.children("/locks"), IsEmpty());
  EXPECT_THAT(seen_->znodes("removed"), ElementsAre(lease.znode()));
  EXPECT_THAT(seen_->all("removal_pending"), SizeIs(1));
}

TEST_F(LockEventsTest, ARemovalWhoseSessionIsOverIsDone) {
  ZooKeeperLock lock(config(), client_);
  const Lease lease = lock.lock();
  zk_.stall(client_);
  EXPECT_EQ(error_of([&] { lock.unlock(Context().with_timeout(1s)); }).code(),
            Errc::unlocking_failed);
  zk_.expire_session(client_);
  zk_.restore(client_);
  zk_.advance(20s);
  EXPECT_THAT(seen_->znodes("removed"), ElementsAre(lease.znode()));
}

TEST_F(LockEventsTest, ARemovalThatIsNotPermittedHasFailedAndEndsTheSession) {
  ZooKeeperLock lock(config(), client_);
  const Lease lease = lock.lock();
  zk_.fail_next(Operation::remove, ZooKeeperErrc::no_auth, 2);  // of the unlock, and after it
  EXPECT_EQ(error_of([&] { lock.unlock(lease); }).code(), Errc::unlocking_failed);
  zk_.advance(1s);
  const auto failed = seen_->all("removal_failed");
  ASSERT_THAT(failed, SizeIs(1));
  EXPECT_EQ(failed[0].znode, lease.znode());
  EXPECT_EQ(failed[0].reason, ZooKeeperErrc::no_auth);
  std::vector<std::string> order = seen_->order();
  std::erase(order, "unlock_failed");  // on the thread of the call
  EXPECT_THAT(order, ElementsAre("granted", "removal_pending", "removal_failed", "removed"));
}

TEST_F(LockEventsTest, AClaimWhoseCreateWasNotAnsweredIsPendingUnderTheNameThatIsKnown) {
  ZooKeeperLock lock(config(), client_);
  zk_.create("/locks");
  zk_.stall(client_);
  EXPECT_EQ(error_of([&] { lock.lock(Context().with_timeout(3s)); }).code(),
            Errc::no_server_answered);
  zk_.break_connection(client_);
  zk_.restore(client_);
  zk_.advance(10s);
  const auto pending = seen_->znodes("removal_pending");
  ASSERT_THAT(pending, SizeIs(1));
  EXPECT_THAT(pending[0], ::testing::MatchesRegex("/locks/_c_[0-9a-f]*-lock-"));
  EXPECT_EQ(seen_->znodes("removed"), pending);
}

TEST_F(LockEventsTest, TheClaimOfALostLeaseIsRemovedToo) {
  ZooKeeperLock lock(config(30s), client_);
  const Lease lease = lock.lock();
  zk_.advance(1min);
  EXPECT_THAT(seen_->znodes("removal_pending"), ElementsAre(lease.znode()));
  EXPECT_THAT(seen_->znodes("removed"), ElementsAre(lease.znode()));
}

TEST_F(LockEventsTest, TheRunOfAWorkerThatDoesNotReturnIsReported) {
  ZooKeeperLock lock(config(), client_);
  zklock::testing::Gate may_return;
  LockedWorker worker(lock, {.overdue_after = 5s},
                      [&](const Lease&, const std::stop_token&) { may_return.wait(); });
  zk_.settle();
  const std::string znode = zk_.children("/locks").at(0);
  worker.step_down(1min);
  zk_.advance(5s - 1ms);
  EXPECT_THAT(seen_->all("overdue"), IsEmpty());
  zk_.advance(1ms);
  EXPECT_THAT(seen_->znodes("overdue"), ElementsAre(znode));
  may_return.open();
}

}  // namespace
}  // namespace zklock
