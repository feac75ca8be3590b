// Waiting behind another claim: for its deletion, and what is none.
#include "lock_fixture.h"

namespace zklock {
namespace {

using ::testing::_;
using ::testing::DoDefault;
using ::testing::Return;

class LockWaitTest : public LockTest {
 protected:
  /// Others make these claims, and `waiter_` waits behind them when this returns.
  [[nodiscard]] bool waits_behind(const std::vector<const char*>& claims) {
    for (const char* claim : claims) zk_->claim(claim);
    waiter_.emplace(lock_);
    return seen_->await("waiting");
  }
  /// `waiter_` waits for so long that it watches the claim further ahead, too.
  [[nodiscard]] bool wait_is_long(const char* further) {
    time_.advance(50ms);
    return zk_->await_watched(further);
  }

  ZooKeeperLock lock_{config(), zk_};
  std::optional<Waiter> waiter_;
};

TEST_F(LockWaitTest, WatchesTheTwoClaimsJustAheadOnly) {
  ASSERT_TRUE(waits_behind({kFirst, kSecond, kThird}));
  EXPECT_TRUE(zk_->is_watched(kThird));
  EXPECT_FALSE(zk_->is_watched(kSecond)) << "in a short wait it does not pay";
  time_.advance(50ms);
  EXPECT_TRUE(zk_->await_watched(kSecond));
  EXPECT_FALSE(zk_->is_watched(kFirst));
  EXPECT_EQ(seen_->all("waiting")[0].ahead, 3U);
}

TEST_F(LockWaitTest, WatchesTheTwoClaimsJustAheadAtOnceInALongQueue) {
  zk_->next_sequence = 50;
  for (int i = 10; i < 31; ++i) zk_->claim("/locks/lock-00000000" + std::to_string(i));
  Waiter waiter(lock_);
  EXPECT_TRUE(zk_->await_watched("/locks/lock-0000000030"));
  EXPECT_TRUE(zk_->await_watched("/locks/lock-0000000029"));
}

TEST_F(LockWaitTest, DeletionOfTheFirstClaimGrantsWithoutAnotherList) {
  EXPECT_CALL(*zk_, children).Times(1);
  ASSERT_TRUE(waits_behind({kFirst}));
  zk_->erase(kFirst);
  EXPECT_TRUE(waiter_->lease().valid());
  EXPECT_EQ(seen_->order(), (std::vector<std::string>{"waiting", "blocked_by", "granted"}));
}

TEST_F(LockWaitTest, DeletionOfAClaimThatWasNotFirstListsAgain) {
  EXPECT_CALL(*zk_, children).Times(2);
  ASSERT_TRUE(waits_behind({kFirst, kSecond}));
  zk_->erase(kSecond);
  ASSERT_TRUE(zk_->await_watched(kFirst));
  ASSERT_TRUE(seen_->await("waiting", 2));
  EXPECT_EQ(seen_->all("waiting")[1].ahead, 1U);
  EXPECT_FALSE(waiter_->is_done());
  zk_->erase(kFirst);
  EXPECT_TRUE(waiter_->lease().valid());
}

TEST_F(LockWaitTest, AClaimDeletedBeforeItIsNextIsNotGranted) {
  ASSERT_TRUE(waits_behind({kFirst, kSecond}));
  ASSERT_TRUE(wait_is_long(kFirst));
  zk_->erase(seen_->all("waiting")[0].znode);  // which nobody watches yet
  zk_->erase(kFirst);
  ASSERT_TRUE(seen_->await("requeued"));
  zk_->erase(kSecond);
  EXPECT_TRUE(waiter_->lease().valid());
}

TEST_F(LockWaitTest, ASameNamedClaimInARecreatedDirectoryIsWaitedFor) {
  ASSERT_TRUE(waits_behind({kFirst, kSecond}));
  ASSERT_TRUE(wait_is_long(kFirst));
  const std::string own = seen_->all("waiting")[0].znode;
  zk_->erase(kFirst);
  ASSERT_TRUE(seen_->await("waiting", 2));
  // Everything is deleted and recreated; somebody has the first number again.
  EXPECT_CALL(*zk_, children)
      .WillOnce([&](const std::string& path, const Context&) {
        zk_->erase(own);
        return zk_->do_children(path);
      })
      .WillRepeatedly(DoDefault());
  zk_->claim(kFirst);  // in the new directory
  zk_->tell(kSecond, WatchEvent::Type::reconnected);
  ASSERT_TRUE(seen_->await("requeued"));
  zk_->erase(kSecond);
  EXPECT_TRUE(zk_->await_watched(kFirst));
  EXPECT_FALSE(waiter_->is_done()) << "granted while " << kFirst << " stands";
}

TEST_F(LockWaitTest, APersistentChildMayBeAClaimInARecreatedDirectory) {
  ASSERT_TRUE(zk_->do_create(kSecond, ""));  // persistent: it is stepped over
  ASSERT_TRUE(waits_behind({kFirst}));
  const std::string own = seen_->all("waiting")[0].znode;
  EXPECT_CALL(*zk_, children)
      .WillOnce([&](const std::string& path, const Context&) {
        zk_->erase(own);
        zk_->erase(kSecond);
        zk_->claim(kSecond);
        return zk_->do_children(path);
      })
      .WillRepeatedly(DoDefault());
  zk_->tell(kFirst, WatchEvent::Type::reconnected);
  ASSERT_TRUE(seen_->await("requeued"));
  EXPECT_TRUE(zk_->await_watched(kSecond));
}

TEST_F(LockWaitTest, AWaiterFurtherBackListsWhenItIsNextButNotWhenGranted) {
  EXPECT_CALL(*zk_, children).Times(2);
  EXPECT_CALL(*zk_, get_and_watch).Times(2);
  ASSERT_TRUE(waits_behind({kFirst, kSecond, kThird}));
  ASSERT_TRUE(wait_is_long(kSecond));
  zk_->erase(kFirst);
  EXPECT_EQ(seen_->count("waiting"), 1U) << "the observer is not notified of that";
  zk_->erase(kSecond);
  ASSERT_TRUE(seen_->await("waiting", 2));
  zk_->erase(kThird);
  EXPECT_TRUE(waiter_->lease().valid());
}

TEST_F(LockWaitTest, ClaimsAheadThatGiveUpGrantNothing) {
  ASSERT_TRUE(waits_behind({kFirst, kSecond, kThird}));
  ASSERT_TRUE(wait_is_long(kSecond));
  zk_->erase(kSecond);
  ASSERT_TRUE(seen_->await("waiting", 2));
  zk_->erase(kThird);
  ASSERT_TRUE(zk_->await_watched(kFirst));
  EXPECT_FALSE(waiter_->is_done());
  zk_->erase(kFirst);
  EXPECT_TRUE(waiter_->lease().valid());
}

TEST_F(LockWaitTest, DeletionReportedOverAnotherConnectionListsAgain) {
  EXPECT_CALL(*zk_, children).Times(2);
  ASSERT_TRUE(waits_behind({kFirst}));
  ++zk_->connection;
  zk_->erase(kFirst);
  EXPECT_TRUE(waiter_->lease().valid());
}

TEST_F(LockWaitTest, ClaimAheadGoneBetweenTheListAndTheWatchListsAgain) {
  EXPECT_CALL(*zk_, children).Times(2);
  EXPECT_CALL(*zk_, get_and_watch(kSecond, _, _))
      .WillOnce([&](const std::string& path, const auto& watcher, const Context&) {
        zk_->erase(path);
        return zk_->do_get_and_watch(path, watcher);  // no_node
      });
  EXPECT_CALL(*zk_, get_and_watch(kFirst, _, _));
  ASSERT_TRUE(waits_behind({kFirst, kSecond}));
  EXPECT_FALSE(waiter_->is_done());  // the first is still there
}

TEST_F(LockWaitTest, EventMayComeBeforeTheWatchReturns) {
  zk_->claim(kFirst);
  EXPECT_CALL(*zk_, get_and_watch)
      .WillOnce([&](const std::string& path, const auto& watcher, const Context&) {
        Result<Znode> znode = zk_->do_get_and_watch(path, watcher);
        zk_->erase(path);
        return znode;
      });
  EXPECT_TRUE(lock_.lock().valid());
}

TEST_F(LockWaitTest, ReconnectListsAgainAndGrantsNothing) {
  EXPECT_CALL(*zk_, children).Times(2);
  ASSERT_TRUE(waits_behind({kFirst}));
  zk_->tell(kFirst, WatchEvent::Type::reconnected);
  ASSERT_TRUE(seen_->await("waiting", 2));
  EXPECT_FALSE(waiter_->is_done());
  zk_->erase(kFirst);
  EXPECT_TRUE(waiter_->lease().valid());
}

TEST_F(LockWaitTest, DeletionAfterAReconnectListsAgain) {
  EXPECT_CALL(*zk_, get_and_watch(kThird, _, _))
      .WillOnce(
          [&](const std::string& path, const std::shared_ptr<Watcher>& watcher, const Context&) {
            Result<Znode> znode = zk_->do_get_and_watch(path, watcher);
            watcher->on_event({WatchEvent::Type::reconnected, path, zk_->connection});
            watcher->on_event({WatchEvent::Type::deleted, path, zk_->connection});
            return znode;
          })
      .WillOnce(DoDefault());
  ASSERT_TRUE(waits_behind({kFirst, kThird}));
  ASSERT_TRUE(seen_->await("waiting", 2));
  EXPECT_FALSE(waiter_->is_done());
}

TEST_F(LockWaitTest, ChangeOfTheClaimAheadIsReadAgainAndGrantsNothing) {
  EXPECT_CALL(*zk_, children).Times(1);
  EXPECT_CALL(*zk_, get_and_watch(kFirst, _, _)).Times(2);
  ASSERT_TRUE(waits_behind({kFirst}));
  zk_->write(kFirst, "renewed");
  ASSERT_TRUE(seen_->await("waiting", 2));
  EXPECT_FALSE(waiter_->is_done());
  zk_->erase(kFirst);
  EXPECT_TRUE(waiter_->lease().valid());
}

TEST_F(LockWaitTest, SessionLossReportedByTheWatchQueuesAgain) {
  ASSERT_TRUE(waits_behind({kFirst}));
  const std::string before = seen_->all("waiting")[0].znode;
  zk_->tell(kFirst, WatchEvent::Type::session_lost);
  ASSERT_TRUE(seen_->await("requeued"));
  EXPECT_EQ(seen_->all("requeued")[0].znode, before);
  ASSERT_TRUE(seen_->await("waiting", 2));
  EXPECT_FALSE(zk_->exists(before));
}

TEST_F(LockWaitTest, SessionExpiryQueuesAgainInTheNextSession) {
  ASSERT_TRUE(waits_behind({kFirst}));
  zk_->expire();
  ASSERT_TRUE(seen_->await("waiting", 2));
  EXPECT_EQ(seen_->count("requeued"), 1U);
  zk_->erase(kFirst);
  const Lease lease = waiter_->lease();
  EXPECT_TRUE(lease.valid());
  EXPECT_EQ(zk_->stat(lease.znode()).ephemeral_owner, zk_->own_session()->id());
}

TEST_F(LockWaitTest, SessionThatEndsBeforeTheWatchQueuesAgain) {
  EXPECT_CALL(*zk_, get_and_watch)
      .WillOnce([&](const std::string&, const auto&, const Context&) -> Result<Znode> {
        zk_->expire();
        return ZooKeeperErrc::session_expired;
      })
      .WillRepeatedly(DoDefault());
  ASSERT_TRUE(waits_behind({kFirst}));
  EXPECT_EQ(seen_->count("requeued"), 1U);
}

TEST_F(LockWaitTest, SessionLostBetweenDeletionAndGrantQueuesAgain) {
  zk_->claim(kFirst);
  EXPECT_CALL(*zk_, get_and_watch)
      .WillOnce([&](const std::string& path, const auto& watcher, const Context&) {
        Result<Znode> znode = zk_->do_get_and_watch(path, watcher);
        zk_->erase(path);
        zk_->expire();
        return znode;
      });
  const Lease lease = lock_.lock();
  EXPECT_EQ(seen_->count("requeued"), 1U);
  EXPECT_EQ(zk_->stat(lease.znode()).ephemeral_owner, zk_->own_session()->id());
}

TEST_F(LockWaitTest, AShortWaitSetsNoWatchOnTheOwnClaim) {
  EXPECT_CALL(*zk_, get_and_watch(kFirst, _, _)).Times(1);
  ASSERT_TRUE(waits_behind({kFirst}));
  zk_->erase(kFirst);
  EXPECT_TRUE(waiter_->lease().valid());
}

TEST_F(LockWaitTest, OwnClaimDeletedWhileWaitingQueuesAgain) {
  ASSERT_TRUE(waits_behind({kFirst}));
  const std::string own = seen_->all("waiting")[0].znode;
  time_.advance(50ms);
  ASSERT_TRUE(zk_->await_watched(own));
  zk_->erase(own);
  ASSERT_TRUE(seen_->await("requeued"));
  ASSERT_TRUE(seen_->await("waiting", 2));
  EXPECT_NE(seen_->all("waiting")[1].znode, own);
  EXPECT_FALSE(waiter_->is_done());
}

TEST_F(LockWaitTest, OwnClaimDeletedBeforeItIsWatchedQueuesAgain) {
  ASSERT_TRUE(waits_behind({kFirst}));
  zk_->erase(seen_->all("waiting")[0].znode);
  time_.advance(50ms);
  EXPECT_TRUE(seen_->await("requeued"));
}

TEST_F(LockWaitTest, OwnClaimChangedBySomebodyElseIsWatchedAgain) {
  ASSERT_TRUE(waits_behind({kFirst}));
  const std::string own = seen_->all("waiting")[0].znode;
  time_.advance(50ms);
  ASSERT_TRUE(zk_->await_watched(own));
  zk_->write(own, "graffiti");
  ASSERT_TRUE(zk_->await_watched(own));
  EXPECT_EQ(seen_->count("requeued"), 0U);
  zk_->erase(kFirst);
  EXPECT_TRUE(waiter_->lease().valid());  // without a TTL, nothing that it says matters
}

TEST_F(LockWaitTest, ReconnectReportedByTheOwnWatchListsAgain) {
  EXPECT_CALL(*zk_, children).Times(2);
  ASSERT_TRUE(waits_behind({kFirst}));
  const std::string own = seen_->all("waiting")[0].znode;
  time_.advance(50ms);
  ASSERT_TRUE(zk_->await_watched(own));
  zk_->tell(own, WatchEvent::Type::reconnected);
  ASSERT_TRUE(seen_->await("waiting", 2));
  EXPECT_FALSE(waiter_->is_done());
}

TEST_F(LockWaitTest, NoPermissionToReadTheClaimAheadFails) {
  zk_->claim(kFirst);
  EXPECT_CALL(*zk_, get_and_watch).WillOnce(Return(ZooKeeperErrc::no_auth));
  const LockError error = error_of([&] { lock_.lock(); });
  EXPECT_EQ(error.code(), Errc::locking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::no_auth);
  EXPECT_EQ(zk_->names("/locks").size(), 1U);
}

TEST_F(LockWaitTest, WatchingIsRetriedWhenTheConnectionBreaks) {
  EXPECT_CALL(*zk_, get_and_watch)
      .WillOnce(Return(ZooKeeperErrc::connection_loss))
      .WillRepeatedly(DoDefault());
  ASSERT_TRUE(waits_behind({kFirst}));
  zk_->erase(kFirst);
  EXPECT_TRUE(waiter_->lease().valid());
}

TEST_F(LockWaitTest, GrantsAreInTheOrderOfTheClaims) {
  const Lease first = lock_.lock();
  Waiter second(lock_);
  ASSERT_TRUE(seen_->await("waiting", 1));
  Waiter third(lock_);
  ASSERT_TRUE(seen_->await("waiting", 2));
  EXPECT_EQ(seen_->all("waiting")[1].ahead, 2U);
  lock_.unlock(first);
  const Lease lease = second.lease();
  EXPECT_FALSE(third.is_done());
  lock_.unlock(lease);
  EXPECT_GT(third.lease().fencing_token(), lease.fencing_token());
}

/// As a client whose connections the servers refuse: it has never had a session.
class UnconnectedZooKeeper : public zklock::testing::TinyZooKeeper {
 public:
  [[nodiscard]] std::shared_ptr<const Session> session() const override { return nullptr; }
};

/// Has no room, the first time that it is asked.
class FullZooKeeper : public zklock::testing::TinyZooKeeper {
 public:
  explicit FullZooKeeper(std::shared_ptr<ClaimClient> other) : other_(std::move(other)) {}
  [[nodiscard]] std::shared_ptr<ClaimClient> with_capacity() override {
    return std::exchange(other_, nullptr);
  }

 private:
  std::shared_ptr<ClaimClient> other_;
};

/// Never has room.
class CrowdedZooKeeper : public zklock::testing::TinyZooKeeper {
 public:
  explicit CrowdedZooKeeper(std::shared_ptr<ClaimClient> other) : other_(std::move(other)) {}
  [[nodiscard]] std::shared_ptr<ClaimClient> with_capacity() override { return other_; }

 private:
  const std::shared_ptr<ClaimClient> other_;
};

TEST_F(LockWaitTest, ADirectoryThatHasGoneIsMadeInTheSessionOfTheClaim) {
  const auto further = std::make_shared<zklock::testing::TinyZooKeeper>();
  const auto crowded = std::make_shared<CrowdedZooKeeper>(further);
  EXPECT_CALL(*crowded, create).Times(0);  // it may be cut off
  ZooKeeperLock lock(config(), crowded);
  Waiter waiter(lock);
  EXPECT_TRUE(waiter.lease().valid());
}

TEST_F(LockWaitTest, WaitingForAnotherHolderGoesToASessionWithRoom) {
  const auto further = std::make_shared<zklock::testing::TinyZooKeeper>();
  const auto crowded = std::make_shared<CrowdedZooKeeper>(further);
  further->make("/locks");
  further->claim("/locks/lock-1");
  const LockEntries known(
      {{.id = 1, .path = "/locks/lock-1", .fencing_token = further->stat("/locks/lock-1").czxid}});
  EXPECT_CALL(*crowded, get_and_watch).Times(0);
  EXPECT_CALL(*further, get_and_watch);
  const ZooKeeperLock lock(config(), crowded);
  EXPECT_THROW(static_cast<void>(lock.wait_for_change(known, Context().with_timeout(0s))),
               LockError);
}

TEST_F(LockWaitTest, AFurtherSessionThatCannotBeOpenedIsNotWaitedForIndefinitely) {
  const auto unconnected = std::make_shared<UnconnectedZooKeeper>();
  EXPECT_CALL(*unconnected, create_protected_ephemeral_sequential)
      .WillOnce([](const std::string&, const std::string&, const Acl&, const Context& context) {
        EXPECT_TRUE(context.deadline()) << "it would wait forever";
        return Result<Created>(ZooKeeperErrc::operation_timeout);
      });
  const auto full = std::make_shared<FullZooKeeper>(unconnected);
  full->make("/locks");
  ZooKeeperLock lock(config(), full);
  Waiter waiter(lock);
  EXPECT_TRUE(waiter.lease().valid());
}

}  // namespace
}  // namespace zklock
