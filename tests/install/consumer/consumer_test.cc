// A service's own unit test, with the mocks of an installed zklock: no server, no network.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/lock.h>
#include <zklock/testing/lease_source.h>
#include <zklock/testing/mock_lock.h>
#include <zklock/testing/mock_zookeeper_client.h>
#include <zklock/zookeeper_lock.h>

#include <memory>
#include <string>

namespace {

using ::testing::_;
using ::testing::A;
using ::testing::Return;
using ::testing::Throw;

/// What is tested: writes only under the lock.
std::string write(zklock::Lock& lock) {
  try {
    const zklock::LockGuard guard(lock);
    return guard.lease().valid() ? "written" : "lost";
  } catch (const zklock::LockError& error) {
    return error.what();
  }
}

TEST(Consumer, WritesUnderTheLock) {
  zklock::testing::LeaseSource source;
  zklock::testing::MockLock lock;
  EXPECT_CALL(lock, do_lock).WillOnce(Return(source.grant()));
  EXPECT_CALL(lock, do_unlock(A<const zklock::Lease&>(), _));
  EXPECT_EQ(write(lock), "written");
}

TEST(Consumer, NoticesLoss) {
  zklock::testing::LeaseSource source;
  const zklock::Lease lease = source.grant();
  zklock::testing::LeaseSource::lose(lease, zklock::LossReason::session_expired);
  EXPECT_TRUE(lease.lost().stop_requested());

  zklock::testing::MockLock lock;
  EXPECT_CALL(lock, do_lock).WillOnce(Return(lease));
  EXPECT_CALL(lock, do_unlock(A<const zklock::Lease&>(), _));
  EXPECT_EQ(write(lock), "lost");
}

TEST(Consumer, ReportsFailure) {
  zklock::testing::MockLock lock;
  EXPECT_CALL(lock, do_lock).WillOnce(Throw(zklock::LockError(zklock::Errc::locking_timed_out)));
  EXPECT_EQ(write(lock), "attempt to acquire lock timed out");
}

TEST(Consumer, CanMockTheClientToo) {
  auto client = std::make_shared<zklock::testing::MockZooKeeperClient>();
  EXPECT_CALL(*client, children(_, _))
      .WillRepeatedly(Return(make_error_code(zklock::ZooKeeperErrc::no_node)));
  const zklock::ZooKeeperLock lock({.path = "/my/locks"}, client);
  EXPECT_FALSE(lock.lease());
}

}  // namespace
