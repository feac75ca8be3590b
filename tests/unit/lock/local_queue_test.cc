// Waiting behind a claim of the same process, which notifies directly that it has become the first.
#include "lock/local_queue.h"
#include "lock_fixture.h"

namespace zklock {
namespace {

using internal::LocalQueue;
using ::testing::DoDefault;

class LockWaitingClaimsTest : public LockTest {
 protected:
  /// The holder is somebody else's, one lock of this process waits behind it, and another one
  /// behind that: `lists` lists are needed for all that.
  void expect_lists(int lists) { EXPECT_CALL(*zk_, children).Times(lists); }
  [[nodiscard]] bool both_wait() {
    next_.emplace(next_lock_);
    if (!seen_->await("waiting", 1)) return false;
    last_.emplace(last_lock_);
    return seen_->await("waiting", 2);
  }

  ZooKeeperLock next_lock_{config(), zk_};
  ZooKeeperLock last_lock_{config(), zk_};
  std::optional<Waiter> next_;
  std::optional<Waiter> last_;
};

TEST_F(LockWaitingClaimsTest, ItsReleaseGrantsWithoutAnotherList) {
  zk_->claim(kFirst);
  expect_lists(2);
  ASSERT_TRUE(both_wait());
  zk_->erase(kFirst);
  const Lease next = next_->lease();
  EXPECT_FALSE(last_->is_done());
  next_lock_.unlock(next);
  EXPECT_TRUE(last_->lease().valid());
}

TEST_F(LockWaitingClaimsTest, AWaiterBehindItWatchesNothingFurtherAhead) {
  zk_->claim(kFirst);
  zk_->claim(kSecond);
  ASSERT_TRUE(both_wait());
  const std::string own = seen_->all("waiting")[1].znode;
  time_.advance(50ms);  // the next one's wait is long, too: it watches the one further ahead
  ASSERT_TRUE(zk_->await_watched(kFirst));
  zk_->erase(kSecond);
  // It lists, and waits for the first. The last one is not woken up.
  ASSERT_TRUE(seen_->await("waiting", 3));
  EXPECT_NE(seen_->all("waiting")[2].znode, own);
}

TEST_F(LockWaitingClaimsTest, ItsEndWithoutAGrantGrantsNothing) {
  zk_->claim(kFirst);
  expect_lists(3);
  ASSERT_TRUE(both_wait());
  next_->cancel();
  EXPECT_EQ(next_->error().code(), Errc::locking_canceled);
  ASSERT_TRUE(seen_->await("waiting", 3)) << "the last one looks again";
  EXPECT_FALSE(last_->is_done());
  zk_->erase(kFirst);
  EXPECT_TRUE(last_->lease().valid());
}

TEST_F(LockWaitingClaimsTest, ItsDeletionByHandGrantsNothing) {
  zk_->claim(kFirst);
  ASSERT_TRUE(both_wait());
  zk_->erase(seen_->all("waiting")[0].znode);
  ASSERT_TRUE(seen_->await("waiting", 3)) << "the last one looks again";
  EXPECT_FALSE(last_->is_done());
}

TEST_F(LockWaitingClaimsTest, ItsReleaseReportedOverAnotherConnectionListsAgain) {
  zk_->claim(kFirst);
  expect_lists(3);
  ASSERT_TRUE(both_wait());
  zk_->erase(kFirst);
  const Lease next = next_->lease();
  ++zk_->connection;
  next_lock_.unlock(next);
  EXPECT_TRUE(last_->lease().valid());
}

TEST_F(LockWaitingClaimsTest, ALateThreadsClaimIsFoundInALongWait) {
  zk_->claim(kFirst);
  std::promise<void> queued;
  zklock::testing::Gate knows_its_place;
  EXPECT_CALL(*zk_, children)
      .Times(2)
      .WillOnce([&](const std::string& path, const Context&) {
        queued.set_value();
        knows_its_place.wait();
        return zk_->do_children(path);
      })
      .WillOnce(DoDefault());
  next_.emplace(next_lock_);
  queued.get_future().wait();
  last_.emplace(last_lock_);
  ASSERT_TRUE(seen_->await("waiting", 1));
  knows_its_place.open();
  ASSERT_TRUE(seen_->await("waiting", 2));
  time_.advance(50ms);
  ASSERT_TRUE(zk_->await_watched(seen_->all("waiting")[0].znode)) << "its own, as it needs no list";
  zk_->erase(kFirst);
  next_lock_.unlock(next_->lease());
  EXPECT_TRUE(last_->lease().valid());
}

TEST_F(LockWaitingClaimsTest, WithATtlTheWaiterBehindItIsNotifiedWhenItIsNext) {
  ZooKeeperLockConfig with_ttl = config();
  with_ttl.ttl = 30s;
  ZooKeeperLock next(with_ttl, zk_);
  ZooKeeperLock last(with_ttl, zk_);
  zk_->claim(kFirst);
  std::promise<void> listed_again;
  EXPECT_CALL(*zk_, children)
      .Times(3)
      .WillOnce(DoDefault())
      .WillOnce(DoDefault())
      .WillOnce([&](const std::string& path, const Context&) {
        listed_again.set_value();
        return zk_->do_children(path);
      });
  Waiter next_waiter(next);
  ASSERT_TRUE(seen_->await("waiting", 1));
  Waiter last_waiter(last);
  ASSERT_TRUE(seen_->await("waiting", 2));
  time_.advance(50ms);
  zk_->erase(kFirst);
  const Lease lease = next_waiter.lease();
  EXPECT_EQ(listed_again.get_future().wait_for(10s), std::future_status::ready)
      << "from now on it may have to purge that claim";
}

TEST_F(LockWaitingClaimsTest, AWaiterWithOtherMarkersSharesNothing) {
  ZooKeeperLockConfig with_kazoo = config();
  with_kazoo.further_claim_markers = {"__lock__"};
  ZooKeeperLock lock(with_kazoo, zk_);
  zk_->claim(kFirst);
  ASSERT_TRUE(both_wait());
  Waiter behind(lock);
  ASSERT_TRUE(seen_->await("waiting", 3));
  expect_lists(1);  // its own, when the last one has gone
  zk_->erase(kFirst);
  next_lock_.unlock(next_->lease());
  const Lease last = last_->lease();
  last_lock_.unlock(last);
  EXPECT_TRUE(behind.lease().valid());
}

TEST_F(LockWaitingClaimsTest, ALongWaiterBehindItSeesTheDeletionOfItsOwnClaim) {
  zk_->claim(kFirst);
  ASSERT_TRUE(both_wait());
  const std::string own = seen_->all("waiting")[1].znode;
  EXPECT_FALSE(zk_->is_watched(own));
  time_.advance(50ms);
  ASSERT_TRUE(zk_->await_watched(own));
  zk_->erase(own);
  EXPECT_TRUE(seen_->await("requeued"));
}

TEST(WaitingClaimsTest, AreFoundWhileTheyWait) {
  LocalQueue claims;
  EXPECT_EQ(claims.find("/locks/a", 7), nullptr);
  const auto progress = claims.add("/locks/a", 7);
  const auto found = claims.find("/locks/a", 7);
  ASSERT_NE(found, nullptr);
  EXPECT_FALSE(found->was_first());
  progress->become_first();
  EXPECT_TRUE(found->was_first());
}

TEST(WaitingClaimsTest, DoNotMatchClaimsOfTheSameNameInAnotherEnsemble) {
  LocalQueue claims;
  const auto progress = claims.add("/locks/a", 7);
  EXPECT_EQ(claims.find("/locks/a", 8), nullptr);
}

TEST(WaitingClaimsTest, LeaveNothingBehind) {
  LocalQueue claims;
  auto progress = claims.add("/locks/a", 7);
  auto found = claims.find("/locks/a", 7);
  progress->become_first();
  progress.reset();
  EXPECT_TRUE(found->was_first()) << "who waits behind it may ask later";
  found.reset();
  EXPECT_EQ(claims.find("/locks/a", 7), nullptr);
}

}  // namespace
}  // namespace zklock
