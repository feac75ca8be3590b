// ZooKeeperLock::entries: the queue as it stands.
#include <iterator>

#include "lock_fixture.h"

namespace zklock {
namespace {

using ::testing::DoDefault;
using ::testing::Return;

using LockQueueTest = LockTest;

TEST_F(LockQueueTest, ListsTheClaimsInTheOrderOfGranting) {
  const internal::Metadata holder = others(std::nullopt);
  zk_->claim(kSecond);
  zk_->claim(kFirst, internal::to_json(holder));
  zk_->claim("/locks/members");
  zk_->make("/locks/queue-0000000003");
  const ZooKeeperLock lock(config(), zk_);
  const LockEntries entries = lock.entries();
  EXPECT_EQ(entries.ids(), (std::vector<std::int64_t>{1, 2}));
  const LockEntry& first = *entries.begin();
  EXPECT_EQ(first.path, kFirst);
  EXPECT_EQ(first.owner, "user1");
  EXPECT_EQ(first.host, "web3");
  EXPECT_EQ(first.pid, 4242);
  EXPECT_EQ(first.since,
            std::chrono::time_point_cast<std::chrono::system_clock::duration>(holder.timestamp));
  EXPECT_EQ(first.fencing_token, zk_->stat(kFirst).czxid);
  EXPECT_EQ(first.session, zk_->stat(kFirst).ephemeral_owner);
  EXPECT_EQ(entries.lock_ahead(2), kFirst);
}

TEST_F(LockQueueTest, ListsHowLongEachClaimMayBeHeld) {
  zk_->claim(kFirst, internal::to_json(others(30s)));
  zk_->claim(kSecond, internal::to_json(others(std::nullopt)));
  const LockEntries entries = ZooKeeperLock(config(), zk_).entries();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries.begin()->ttl, 30s);
  EXPECT_EQ(std::next(entries.begin())->ttl, 0s);
}

TEST_F(LockQueueTest, WrappedNumbersAreListedByCzxid) {
  zk_->claim("/locks/lock-2147483647");
  zk_->claim("/locks/lock--2147483648");
  const ZooKeeperLock lock(config(), zk_);
  EXPECT_EQ(lock.entries().ids(), (std::vector<std::int64_t>{2'147'483'647, -2'147'483'648}));
}

TEST_F(LockQueueTest, FurtherMarkersCount) {
  zk_->claim("/locks/979cb11f__lock__0000000001");
  ZooKeeperLockConfig shared = config();
  EXPECT_TRUE(ZooKeeperLock(shared, zk_).entries().empty());
  shared.further_claim_markers = {"__lock__"};
  EXPECT_EQ(ZooKeeperLock(shared, zk_).entries().first(), 1);
}

TEST_F(LockQueueTest, IsEmptyWithoutADirectory) {
  zk_->erase("/locks");
  const ZooKeeperLock lock(config(), zk_);
  EXPECT_TRUE(lock.entries().empty());
}

TEST_F(LockQueueTest, LeavesOutDeletedClaims) {
  zk_->claim(kFirst);
  zk_->claim(kSecond);
  EXPECT_CALL(*zk_, get).WillOnce(Return(ZooKeeperErrc::no_node)).WillRepeatedly(DoDefault());
  const ZooKeeperLock lock(config(), zk_);
  EXPECT_EQ(lock.entries().ids(), (std::vector<std::int64_t>{2}));
}

TEST_F(LockQueueTest, IsReadAgainWhenTheConnectionBreaks) {
  zk_->claim(kFirst);
  EXPECT_CALL(*zk_, children)
      .WillOnce(Return(ZooKeeperErrc::connection_loss))
      .WillRepeatedly(DoDefault());
  EXPECT_CALL(*zk_, get)
      .WillOnce(Return(ZooKeeperErrc::connection_loss))
      .WillRepeatedly(DoDefault());
  const ZooKeeperLock lock(config(), zk_);
  EXPECT_EQ(lock.entries().size(), 1U);
}

TEST_F(LockQueueTest, FailsWithoutPermission) {
  EXPECT_CALL(*zk_, children).WillOnce(Return(ZooKeeperErrc::no_auth));
  const ZooKeeperLock lock(config(), zk_);
  const LockError error = error_of([&] { static_cast<void>(lock.entries()); });
  EXPECT_EQ(error.code(), Errc::locking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::no_auth);
}

TEST_F(LockQueueTest, FailsWithoutPermissionToReadAClaim) {
  zk_->claim(kFirst);
  EXPECT_CALL(*zk_, get).WillOnce(Return(ZooKeeperErrc::no_auth));
  const ZooKeeperLock lock(config(), zk_);
  EXPECT_EQ(error_of([&] { static_cast<void>(lock.entries()); }).code(), Errc::locking_failed);
}

TEST_F(LockQueueTest, EndsWithTheDeadline) {
  const TimePasses passes(time_.time());
  EXPECT_CALL(*zk_, children).WillRepeatedly(Return(ZooKeeperErrc::connection_loss));
  const ZooKeeperLock lock(config(), zk_);
  EXPECT_EQ(
      error_of([&] { static_cast<void>(lock.entries(Context().with_timeout(100ms))); }).code(),
      Errc::no_server_answered);
}

TEST_F(LockQueueTest, EndsWhenCancelled) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_CALL(*zk_, children).WillOnce(Return(ZooKeeperErrc::canceled));
  const ZooKeeperLock lock(config(), zk_);
  EXPECT_EQ(error_of([&] {
              static_cast<void>(lock.entries(Context().with_stop_token(stop.get_token())));
            }).code(),
            Errc::locking_canceled);
}

}  // namespace
}  // namespace zklock
