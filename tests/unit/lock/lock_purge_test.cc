// TTLs, as a contender sees them: which holder it removes, and when.
#include "lock_fixture.h"

namespace zklock {
namespace {

using ::testing::_;
using ::testing::DoDefault;
using ::testing::HasSubstr;
using ::testing::Return;

class LockPurgeTest : public LockTest {
 protected:
  LockPurgeTest() { EXPECT_CALL(*zk_, remove).Times(::testing::AnyNumber()); }

  /// Lets time pass until the waiter's lock is granted. Returns how much did.
  std::chrono::nanoseconds time_until_granted(Waiter& waiter) {
    const auto begun = time_.steady_now();
    const TimePasses passes(time_.time());
    EXPECT_TRUE(waiter.lease().valid());
    return seen_->all("granted").empty() ? 0ns : time_.steady_now() - begun;
  }

  void hold(const char* path, const internal::Metadata& metadata) {
    zk_->claim(path, internal::to_json(metadata));
  }
  void foreign_client_holds(const char* path, const internal::Metadata& metadata) {
    zk_->claim(path, foreign_json(metadata));
  }

  ZooKeeperLock lock_{ttl_config(10s), zk_};
};

TEST_F(LockPurgeTest, AHolderSeenForItsTtlIsPurgedByVersion) {
  hold(kFirst, others(1s));
  zk_->write(kFirst, zk_->data(kFirst));
  const auto begun = time_.steady_now();
  EXPECT_CALL(*zk_, remove(kFirst, 1, _))
      .WillOnce([&](const std::string& path, std::int32_t version, const Context&) {
        EXPECT_GE(time_.steady_now(), begun + 1s);
        return zk_->do_remove(path, version);
      });
  Waiter waiter(lock_);
  ASSERT_TRUE(seen_->await("waiting"));
  EXPECT_GE(time_until_granted(waiter), 1s);
  EXPECT_EQ(seen_->all("purged").at(0).znode, kFirst);
  EXPECT_FALSE(zk_->exists(kFirst));
}

TEST_F(LockPurgeTest, ANewcomerPurgesAForeignHolderAtOnceIfTwoClocksAgree) {
  foreign_client_holds(kFirst, others(1s));
  time_.advance(1s + 2ms);
  EXPECT_TRUE(lock_.lock().valid());
  EXPECT_EQ(seen_->count("purged"), 1U);
}

TEST_F(LockPurgeTest, ANewcomerDoesNotPurgeAHolderOfOursThoughTwoClocksAgree) {
  hold(kFirst, others(1s));
  time_.advance(1min);
  EXPECT_FALSE(lock_.try_lock());
  EXPECT_TRUE(zk_->exists(kFirst));
  time_.advance(1001ms);
  EXPECT_TRUE(lock_.try_lock());
}

TEST_F(LockPurgeTest, AnAttemptThatDoesNotWaitPurgesToo) {
  foreign_client_holds(kFirst, others(1s));
  EXPECT_FALSE(lock_.try_lock());
  EXPECT_TRUE(zk_->exists(kFirst));
  time_.advance(1s + 2ms);
  EXPECT_TRUE(lock_.try_lock());
  EXPECT_FALSE(zk_->exists(kFirst));
}

TEST_F(LockPurgeTest, TheHoldersClockAloneIsNotEnough) {
  internal::Metadata slow = others(1s);
  slow.timestamp -= 1h;
  *slow.ttl_deadline -= 1h;
  foreign_client_holds(kFirst, slow);
  EXPECT_FALSE(lock_.try_lock());
  EXPECT_TRUE(zk_->exists(kFirst));
  Waiter waiter(lock_);
  ASSERT_TRUE(seen_->await("waiting"));
  EXPECT_GE(time_until_granted(waiter), 1s - 5ms);
}

TEST_F(LockPurgeTest, TheServersClockAloneIsNotEnough) {
  internal::Metadata fast = others(1s);
  fast.timestamp += 1h;
  *fast.ttl_deadline += 1h;
  foreign_client_holds(kFirst, fast);
  time_.advance(1min);
  EXPECT_FALSE(lock_.try_lock());
  EXPECT_TRUE(zk_->exists(kFirst));
}

TEST_F(LockPurgeTest, ClocksOfTwoLeadersAreNotCompared) {
  foreign_client_holds(kFirst, others(1s));
  zk_->elect(7);
  time_.advance(1min);
  EXPECT_FALSE(lock_.try_lock());
  EXPECT_TRUE(zk_->exists(kFirst));
}

TEST_F(LockPurgeTest, ANewcomerDoesNotPurgeAClaimThatSaysItWaits) {
  internal::Metadata waiting = others(1s);
  waiting.waiting = true;
  waiting.ttl_once_granted = 1s;
  hold(kFirst, waiting);
  time_.advance(1min);
  EXPECT_FALSE(lock_.try_lock());  // it may have been granted this very moment
  EXPECT_TRUE(zk_->exists(kFirst));
  time_.advance(1001ms);
  EXPECT_TRUE(lock_.try_lock());  // but it has not been for as long as it may hold
}

TEST_F(LockPurgeTest, OneCallRemembersTheHolderForTheNext) {
  foreign_client_holds(kFirst, others(1s));
  zk_->elect(7);
  EXPECT_FALSE(lock_.try_lock());
  time_.advance(1001ms);
  ZooKeeperLock other(ttl_config(10s), zk_);
  EXPECT_FALSE(other.try_lock());  // it sees it for the first time
  EXPECT_TRUE(lock_.try_lock());
}

TEST_F(LockPurgeTest, AHolderWithoutATtlIsNeverPurged) {
  for (const std::string& data :
       {std::string(), std::string("{"), internal::to_json(others(std::nullopt))}) {
    zk_->claim(kFirst, data);
    Waiter waiter(lock_, Context().with_timeout(2h));
    ASSERT_TRUE(seen_->await("waiting"));
    time_.advance(1h);
    EXPECT_FALSE(lock_.try_lock());
    time_.advance(1h);
    EXPECT_EQ(waiter.error().code(), Errc::locking_timed_out);
    EXPECT_TRUE(zk_->exists(kFirst)) << data;
    zk_->erase(kFirst);
  }
  EXPECT_EQ(seen_->count("purged"), 0U);
}

TEST_F(LockPurgeTest, PurgeWithoutTtlAppliesTheOwnTtlFromTheFirstSight) {
  zk_->claim(kFirst, internal::to_json(others(std::nullopt)));
  ZooKeeperLockConfig forcible = ttl_config(10s);
  forcible.purge_without_ttl = true;
  ZooKeeperLock lock(forcible, zk_);
  time_.advance(1h);
  EXPECT_FALSE(lock.try_lock());
  time_.advance(10s + 10ms - 1ns);
  EXPECT_FALSE(lock.try_lock());
  time_.advance(1ns);
  EXPECT_TRUE(lock.try_lock());
}

TEST_F(LockPurgeTest, AContenderWithoutATtlNeverPurges) {
  hold(kFirst, others(1s));
  ZooKeeperLockConfig without = config();
  without.purge_without_ttl = true;
  ZooKeeperLock lock(without, zk_);
  time_.advance(1h);
  EXPECT_FALSE(lock.try_lock());
  EXPECT_TRUE(zk_->exists(kFirst));
}

TEST_F(LockPurgeTest, ARenewalRestartsTheTime) {
  hold(kFirst, others(1s));
  EXPECT_FALSE(lock_.try_lock());
  time_.advance(900ms);
  zk_->write(kFirst, internal::to_json(others(1s)));
  EXPECT_FALSE(lock_.try_lock());
  time_.advance(900ms);
  EXPECT_FALSE(lock_.try_lock());
  time_.advance(101ms);
  EXPECT_TRUE(lock_.try_lock());
}

TEST_F(LockPurgeTest, ARenewalSeenByAWaiterRestartsTheTime) {
  hold(kFirst, others(1s));
  Waiter waiter(lock_);
  ASSERT_TRUE(seen_->await("waiting"));
  time_.advance(900ms);
  zk_->write(kFirst, internal::to_json(others(1s)));
  ASSERT_TRUE(seen_->await("waiting", 2));
  EXPECT_GE(time_until_granted(waiter), 1s);
}

TEST_F(LockPurgeTest, ARenewalBeatsAnEarlierDecisionToPurge) {
  hold(kFirst, others(1s));
  EXPECT_CALL(*zk_, remove)
      .WillOnce([&](const std::string& path, std::int32_t version, const Context&) {
        zk_->write(path, internal::to_json(others(1s)));
        return zk_->do_remove(path, version);  // bad_version
      })
      .WillRepeatedly(DoDefault());
  EXPECT_CALL(*zk_, children).Times(2);
  Waiter waiter(lock_);
  ASSERT_TRUE(seen_->await("waiting"));
  time_.advance(1001ms);
  ASSERT_TRUE(seen_->await("waiting", 2));  // listed again
  EXPECT_FALSE(waiter.is_done());
  EXPECT_TRUE(zk_->exists(kFirst));
  EXPECT_EQ(seen_->count("purged"), 0U);
}

TEST_F(LockPurgeTest, FailedPurgesAreRepeatedWithPauses) {
  foreign_client_holds(kFirst, others(1s));
  time_.advance(1min);
  int attempts = 0;
  EXPECT_CALL(*zk_, remove(kFirst, ::testing::_, ::testing::_))
      .WillRepeatedly([&](const std::string&, std::int32_t, const Context&) -> Result<void> {
        ++attempts;
        return ZooKeeperErrc::no_node;  // says the leader; the server goes on showing it
      });
  Waiter waiter(lock_);
  EXPECT_FALSE(waiter.is_done());
  for (int second = 0; second < 10; ++second) time_.advance(1s);
  EXPECT_GE(attempts, 10);
  EXPECT_LE(attempts, 40);
  zk_->erase(kFirst);
  time_.advance(1s);
  EXPECT_TRUE(waiter.is_done());
}

TEST_F(LockPurgeTest, AHolderThatSomebodyElsePurgedIsListedAgain) {
  foreign_client_holds(kFirst, others(1s));
  time_.advance(1min);
  EXPECT_CALL(*zk_, remove)
      .WillOnce([&](const std::string& path, std::int32_t version, const Context&) {
        zk_->erase(path);
        return zk_->do_remove(path, version);  // no_node
      })
      .WillRepeatedly(DoDefault());
  EXPECT_TRUE(lock_.lock().valid());
  EXPECT_EQ(seen_->count("purged"), 0U);
}

TEST_F(LockPurgeTest, NoPermissionToPurgeIsAnErrorOfItsOwn) {
  foreign_client_holds(kFirst, others(1s));
  time_.advance(1min);
  EXPECT_CALL(*zk_, remove).WillOnce(Return(ZooKeeperErrc::no_auth)).WillRepeatedly(DoDefault());
  const LockError error = error_of([&] { lock_.lock(); });
  EXPECT_EQ(error.code(), Errc::expire_lock_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::no_auth);
  EXPECT_THAT(error.what(), HasSubstr(kFirst));
  EXPECT_EQ(zk_->names("/locks").size(), 1U);
}

TEST_F(LockPurgeTest, APurgeIsRetriedWhenTheConnectionBreaks) {
  foreign_client_holds(kFirst, others(1s));
  time_.advance(1min);
  EXPECT_CALL(*zk_, remove)
      .WillOnce(Return(ZooKeeperErrc::connection_loss))
      .WillRepeatedly(DoDefault());
  EXPECT_TRUE(lock_.lock().valid());
}

TEST_F(LockPurgeTest, OnlyTheHolderIsPurged) {
  hold(kFirst, others(24h));
  hold(kSecond, others(1s));
  Waiter waiter(lock_, Context().with_timeout(1h));
  ASSERT_TRUE(seen_->await("waiting"));
  time_.advance(50ms);
  ASSERT_TRUE(zk_->await_watched(seen_->all("waiting")[0].znode));
  EXPECT_CALL(*zk_, remove(kSecond, _, _)).Times(0);
  time_.advance(30min);
  EXPECT_FALSE(lock_.try_lock());
  time_.advance(30min);
  EXPECT_EQ(waiter.error().code(), Errc::locking_timed_out);
  EXPECT_EQ(seen_->count("purged"), 0U);
}

TEST_F(LockPurgeTest, AWaiterFurtherBackPurgesLaterAsABackup) {
  hold(kFirst, others(1s));
  zk_->claim(kSecond);  // of a waiter that never purges
  Waiter waiter(lock_);
  time_.advance(50ms);  // in a long wait it reads the holder
  time_.advance(1s + 1ms + 150ms - 1ns);
  EXPECT_TRUE(zk_->exists(kFirst));
  time_.advance(10ms);
  EXPECT_FALSE(zk_->exists(kFirst));
  EXPECT_EQ(seen_->count("purged"), 1U);
  EXPECT_FALSE(waiter.is_done());
}

TEST_F(LockPurgeTest, OfManyWaitersOneSendsAPurge) {
  hold(kFirst, others(1s));
  EXPECT_CALL(*zk_, remove(kFirst, _, _)).Times(1);
  std::vector<std::unique_ptr<ZooKeeperLock>> locks;
  std::vector<std::unique_ptr<Waiter>> waiters;
  for (std::size_t i = 0; i < 20; ++i) {
    locks.push_back(std::make_unique<ZooKeeperLock>(ttl_config(1min), zk_));
    waiters.push_back(std::make_unique<Waiter>(*locks.back()));
    ASSERT_TRUE(seen_->await("waiting", i + 1));
  }
  time_.advance(1s + 1ms + 20 * 150ms);  // the time of the last backup
  EXPECT_EQ(seen_->count("purged"), 1U);
  EXPECT_TRUE(waiters[0]->lease().valid());
}

TEST_F(LockPurgeTest, APurgeKeepsTheLocksOwnGrants) {
  foreign_client_holds(kFirst, others(1s));
  time_.advance(1s + 2ms);
  const Lease first = lock_.lock(owner("user2"));
  ASSERT_EQ(seen_->count("purged"), 1U);
  EXPECT_TRUE(first.valid());
  EXPECT_EQ(lock_.owner(), "user2");

  Waiter waiter(lock_, owner("user3"));
  ASSERT_TRUE(seen_->await("waiting"));
  time_.advance(10s);
  const Lease second = waiter.lease();
  EXPECT_EQ(lock_.owner(), "user3");
  EXPECT_EQ(error_of([&] { lock_.unlock(owner("user2")); }).code(), Errc::lock_lost);
  EXPECT_TRUE(second.valid());
  EXPECT_NO_THROW(lock_.unlock(owner("user3")));
}

TEST_F(LockPurgeTest, TheLeaseEndsBeforeItCanBePurged) {
  ZooKeeperLock holder(ttl_config(1s), zk_);
  const Lease lease = holder.lock();
  EXPECT_CALL(*zk_, remove(lease.znode(), _, _))
      .WillRepeatedly([&](const std::string& path, std::int32_t version, const Context&) {
        EXPECT_FALSE(lease.valid());
        return zk_->do_remove(path, version);
      });
  Waiter waiter(lock_);
  ASSERT_TRUE(seen_->await("waiting"));
  EXPECT_GE(time_until_granted(waiter), 1s);
  EXPECT_FALSE(lease.valid());
}

}  // namespace
}  // namespace zklock
