// FakeZooKeeper as a service's tests use it: the lock over it, in time that the test moves.
#include <gtest/gtest.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <system_error>

namespace zklock::testing {
namespace {

using namespace std::chrono_literals;
using Operation = FakeZooKeeper::Operation;

TEST(FakeZooKeeper, GrantsTheLockToOneClientAtATime) {
  FakeZooKeeper zookeeper;
  ZooKeeperLock ours({.path = "/locks"}, zookeeper.connect());
  ZooKeeperLock theirs({.path = "/locks"}, zookeeper.connect());
  const Lease lease = ours.lock();
  EXPECT_TRUE(lease.valid());

  auto waiter = zookeeper.in_background([&] { return theirs.lock(); });
  zookeeper.settle();
  EXPECT_EQ(zookeeper.children("/locks").size(), 2U);
  ours.unlock(lease);
  const Lease next = waiter.get();
  EXPECT_TRUE(next.valid());
  EXPECT_GT(next.fencing_token(), lease.fencing_token());
}

TEST(FakeZooKeeper, LetsALockTimeOutInNoTime) {
  FakeZooKeeper zookeeper;
  ZooKeeperLock ours({.path = "/locks"}, zookeeper.connect());
  ZooKeeperLock theirs({.path = "/locks"}, zookeeper.connect());
  const Lease lease = ours.lock();
  zookeeper.let_time_pass();
  std::error_code error;
  EXPECT_FALSE(theirs.lock(Context().with_timeout(1h), error));
  EXPECT_EQ(error, Errc::locking_timed_out);
  EXPECT_EQ(zookeeper.children("/locks").size(), 1U);
}

TEST(FakeZooKeeper, TellsOfAnExpiredSession) {
  FakeZooKeeper zookeeper;
  const auto client = zookeeper.connect();
  ZooKeeperLock lock({.path = "/locks"}, client);
  const Lease lease = lock.lock();
  zookeeper.expire_session(client);
  EXPECT_FALSE(lease.valid());
  EXPECT_TRUE(lease.lost().stop_requested());
  EXPECT_EQ(lease.loss_reason(), LossReason::session_expired);
  EXPECT_TRUE(zookeeper.children("/locks").empty());
}

TEST(FakeZooKeeper, LosesTheAnswerOfACreateAndTheClaimIsAdopted) {
  FakeZooKeeper zookeeper;
  const auto client = zookeeper.connect();
  ZooKeeperLock lock({.path = "/locks"}, client);
  lock.unlock(lock.lock());
  zookeeper.lose_next_answer(Operation::create, client);
  zookeeper.let_time_pass();
  const Lease lease = lock.lock();
  EXPECT_TRUE(lease.valid());
  EXPECT_EQ(zookeeper.children("/locks"), std::vector{lease.znode()});
}

TEST(FakeZooKeeper, ExpiresTheSessionOfAClientThatIsCutOff) {
  FakeZooKeeper zookeeper;
  const auto client = zookeeper.connect({.session_timeout = 6s});
  ZooKeeperLock ours({.path = "/locks"}, client);
  ZooKeeperLock theirs({.path = "/locks"}, zookeeper.connect());
  const Lease lease = ours.lock();
  zookeeper.cut(client);
  auto waiter = zookeeper.in_background([&] { return theirs.lock(); });
  zookeeper.advance(6s);
  EXPECT_EQ(zookeeper.children("/locks").size(), 2U);
  zookeeper.advance(2s);
  EXPECT_TRUE(waiter.get().valid());
  zookeeper.restore(client);
  zookeeper.advance(1s);
  EXPECT_FALSE(lease.valid());
}

}  // namespace
}  // namespace zklock::testing
