// Uncontended lock/unlock cycles: the number of the next claim shows that it is the first, and the
// queue is not listed.
#include <limits>

#include "lock/uncontended_path.h"
#include "lock_fixture.h"

namespace zklock {
namespace {

using ::testing::_;
using ::testing::AtLeast;
using ::testing::DoDefault;
using ::testing::Return;

/// After so many cycles nothing is listed.
constexpr int kManyCycles = 12;

class LockUncontendedPathTest : public LockTest {
 protected:
  static void cycle(ZooKeeperLock& lock, int times = 1) {
    for (int i = 0; i < times; ++i) lock.unlock(lock.lock());
  }
  /// Somebody else's claim with the next number.
  std::string next_claim() {
    const std::string number = std::to_string(zk_->next_sequence++);
    std::string path = "/locks/lock-" + std::string(10 - number.size(), '0') + number;
    zk_->claim(path);
    return path;
  }
};

TEST_F(LockUncontendedPathTest, IsNotListedAndCostsTwoRequests) {
  ZooKeeperLock lock(config(), zk_);
  cycle(lock, kManyCycles);
  EXPECT_CALL(*zk_, children).Times(0);
  EXPECT_CALL(*zk_, get).Times(0);
  EXPECT_CALL(*zk_, get_and_watch).Times(0);
  EXPECT_CALL(*zk_, create_protected_ephemeral_sequential).Times(5);
  EXPECT_CALL(*zk_, remove).Times(5);
  cycle(lock, 5);
}

TEST_F(LockUncontendedPathTest, AClaimInBetweenIsWaitedFor) {
  ZooKeeperLock lock(config(), zk_);
  cycle(lock, kManyCycles);
  const std::string other = next_claim();
  Waiter waiter(lock);
  ASSERT_TRUE(zk_->await_watched(other));
  EXPECT_FALSE(waiter.is_done());
  zk_->erase(other);
  EXPECT_TRUE(waiter.lease().valid());
}

TEST_F(LockUncontendedPathTest, AClaimBehindTheHeldOneIsWaitedFor) {
  ZooKeeperLock lock(config(), zk_);
  cycle(lock, kManyCycles);
  const Lease lease = lock.lock();
  const std::string other = next_claim();
  lock.unlock(lease);
  EXPECT_EQ(error_of([&] { lock.lock(late()); }).code(), Errc::locking_timed_out);
}

TEST_F(LockUncontendedPathTest, IsListedAgainOnAnotherConnection) {
  ZooKeeperLock lock(config(), zk_);
  cycle(lock, kManyCycles);
  ++zk_->connection;
  EXPECT_CALL(*zk_, children).Times(AtLeast(1));
  cycle(lock);
}

TEST_F(LockUncontendedPathTest, IsListedAfterTheDirectorysWatchFired) {
  ZooKeeperLock lock(config(), zk_);
  for (const auto type : {WatchEvent::Type::deleted, WatchEvent::Type::changed,
                          WatchEvent::Type::reconnected, WatchEvent::Type::session_lost}) {
    cycle(lock, kManyCycles);
    zk_->tell("/locks", type);
    EXPECT_CALL(*zk_, children).Times(1);
    cycle(lock);
    ::testing::Mock::VerifyAndClearExpectations(zk_.get());
  }
}

TEST_F(LockUncontendedPathTest, AWatchThatFiresWhileTheClaimIsCreatedCounts) {
  ZooKeeperLock lock(config(), zk_);
  cycle(lock, kManyCycles);
  EXPECT_CALL(*zk_, create_protected_ephemeral_sequential)
      .WillOnce([&](const std::string& path, const std::string& data, const Acl&, const Context&) {
        zk_->tell("/locks", WatchEvent::Type::deleted);
        return zk_->do_enqueue(path, data);
      });
  EXPECT_CALL(*zk_, children).Times(1);
  cycle(lock);
}

TEST_F(LockUncontendedPathTest, AnUnconfirmedReleaseProvesNothing) {
  ZooKeeperLock lock(config(), zk_);
  cycle(lock, kManyCycles);
  const Lease lease = lock.lock();
  EXPECT_CALL(*zk_, remove).WillOnce(Return(ZooKeeperErrc::no_auth)).WillRepeatedly(DoDefault());
  EXPECT_EQ(error_of([&] { lock.unlock(lease); }).code(), Errc::unlocking_failed);
  EXPECT_CALL(*zk_, children).Times(1);
  cycle(lock);
}

TEST_F(LockUncontendedPathTest, IsListedNearTheLastNumber) {
  ZooKeeperLock lock(config(), zk_);
  cycle(lock, kManyCycles);
  zk_->next_sequence = 2147483645;  // which is not the next one, as 2147483647 is not to be trusted
  EXPECT_CALL(*zk_, children).Times(2);
  cycle(lock, 3);
}

TEST_F(LockUncontendedPathTest, AnUnwatchableDirectoryIsListedAndNotWatchedEachTime) {
  EXPECT_CALL(*zk_, get_and_watch).Times(5).WillRepeatedly(Return(ZooKeeperErrc::no_auth));
  EXPECT_CALL(*zk_, children).Times(20);
  ZooKeeperLock lock(config(), zk_);
  cycle(lock, 20);
}

TEST_F(LockUncontendedPathTest, WatchingTheDirectoryHardlyDelaysAGrant) {
  ZooKeeperLock lock(config(), zk_);
  std::optional<std::chrono::steady_clock::time_point> deadline;
  EXPECT_CALL(*zk_, get_and_watch("/locks", _, _))
      .WillOnce([&](const std::string&, const auto&, const Context& context) {
        deadline = context.deadline();
        return ZooKeeperErrc::connection_loss;
      })
      .WillRepeatedly(DoDefault());
  cycle(lock, kManyCycles);
  EXPECT_TRUE(deadline) << "a lock without a deadline would wait for this as long as it takes";
}

TEST_F(LockUncontendedPathTest, AReleaseInAnEarlierDirectoryProvesNothing) {
  ZooKeeperLock lock(config(), zk_);
  EXPECT_CALL(*zk_, get_and_watch(_, _, _)).WillRepeatedly(DoDefault());
  EXPECT_CALL(*zk_, get_and_watch("/locks", _, _))
      .WillOnce([&](const std::string& path, const auto& watcher, const Context&) {
        // Deleted and recreated just now; others hold and wait there.
        for (const std::string& name : zk_->names("/locks")) zk_->erase("/locks/" + name);
        zk_->claim(kFirst);
        Result<Znode> directory = zk_->do_get_and_watch(path, watcher);
        directory->stat.czxid = std::numeric_limits<std::int64_t>::max();
        return directory;
      })
      .WillRepeatedly(DoDefault());
  cycle(lock, 3);
  const Lease lease = lock.lock();
  // As far as the lock can know, the attempt whose answer is lost has deleted its claim.
  EXPECT_CALL(*zk_, remove)
      .WillOnce(Return(ZooKeeperErrc::connection_loss))
      .WillRepeatedly(DoDefault());
  lock.unlock(lease);
  // The others have come as far as the number of the old claim.
  EXPECT_EQ(error_of([&] { lock.lock(late()); }).code(), Errc::locking_timed_out)
      << "granted while " << kFirst << " stands";
}

TEST_F(LockUncontendedPathTest, AReleaseStartedUnderAnEarlierWatchProvesNothing) {
  internal::UncontendedPath queue;
  CreatedClaim claim{{.path = "/locks/lock-0000000007"}, {}};
  claim.connection = zk_->connection;
  claim.stat.czxid = std::numeric_limits<std::int64_t>::max();
  const auto become_first_often = [&] {
    for (int i = 0; i < kManyCycles; ++i) queue.became_first(zk_, "/locks", claim, true, {});
  };
  CreatedClaim next = claim;
  next.path = "/locks/lock-0000000008";
  become_first_often();
  const auto mark = queue.releasing();
  queue.released(mark, claim.path);
  EXPECT_TRUE(queue.confirm_first(*zk_, next));
  zk_->tell("/locks", WatchEvent::Type::deleted);
  become_first_often();
  queue.released(mark, claim.path);
  EXPECT_FALSE(queue.confirm_first(*zk_, next));
}

TEST_F(LockUncontendedPathTest, AnotherClientsWatchProvesNothing) {
  const auto other = std::make_shared<zklock::testing::TinyZooKeeper>();
  other->make("/locks");
  internal::UncontendedPath queue;
  CreatedClaim claim{{.path = "/locks/lock-0000000007"}, {}};
  claim.connection = zk_->connection;
  claim.stat.czxid = std::numeric_limits<std::int64_t>::max();
  CreatedClaim next = claim;
  next.path = "/locks/lock-0000000008";
  const auto hold_often = [&](const std::shared_ptr<ClaimClient>& client) {
    for (int i = 0; i < kManyCycles; ++i) queue.became_first(client, "/locks", claim, true, {});
    queue.released(queue.releasing(), claim.path);
  };
  hold_often(zk_);
  ASSERT_EQ(other->connection, zk_->connection) << "each counts its own";
  EXPECT_TRUE(queue.is_likely(*zk_));
  EXPECT_FALSE(queue.is_likely(*other));
  EXPECT_FALSE(queue.confirm_first(*other, next));
  hold_often(other);
  EXPECT_TRUE(queue.confirm_first(*other, next)) << "it is watched by the one that is in use now";
}

TEST_F(LockUncontendedPathTest, AClientWithoutConnectionNumbersAlwaysLists) {
  zk_->connection = 0;
  EXPECT_CALL(*zk_, children).Times(20);
  ZooKeeperLock lock(config(), zk_);
  cycle(lock, 20);
}

}  // namespace
}  // namespace zklock
