// The lock's directory is a container: it goes when it is not used, and comes back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>

#include "base/platform.h"
#include "lock_fixture.h"

namespace zklock {
namespace {

using zklock::testing::FakeZooKeeper;

class LockContainerTest : public ::testing::Test {
 protected:
  /// After so many cycles nothing is listed.
  static constexpr int kManyCycles = 12;

  /// Returns the last fencing token; each is greater than the one before.
  std::int64_t cycle(ZooKeeperLock& lock, int times = 1) {
    for (int i = 0; i < times; ++i) {
      const Lease lease = lock.lock();
      EXPECT_GT(lease.fencing_token(), last_token_);
      last_token_ = lease.fencing_token();
      lock.unlock(lease);
    }
    return last_token_;
  }
  /// The virtual time that it takes.
  template <class Call>
  static std::chrono::nanoseconds time_of(const Call& call) {
    const auto begun = internal::Platform::current().steady_now();
    call();
    return internal::Platform::current().steady_now() - begun;
  }
  void remove_directory() {
    zookeeper_.remove_empty_containers();
    ASSERT_FALSE(zookeeper_.get("/a/locks"));
  }

  FakeZooKeeper zookeeper_;
  ZooKeeperLock lock_{{.path = "/a/locks"}, zookeeper_.connect()};
  ZooKeeperLock other_{{.path = "/a/locks"}, zookeeper_.connect()};
  std::int64_t last_token_ = 0;
};

TEST_F(LockContainerTest, TheServersRemoveADirectoryThatIsNotUsedAnyMoreButNotItsParents) {
  const Lease lease = lock_.lock();
  zookeeper_.remove_empty_containers();
  EXPECT_TRUE(zookeeper_.get("/a/locks")) << "it is in use";
  EXPECT_TRUE(lease.valid());
  lock_.unlock(lease);
  remove_directory();
  EXPECT_TRUE(zookeeper_.get("/a"));
}

TEST_F(LockContainerTest, APersistentDirectoryStays) {
  ZooKeeperLock lock({.path = "/b", .directory = DirectoryKind::persistent}, zookeeper_.connect());
  lock.unlock(lock.lock());
  zookeeper_.remove_empty_containers();
  EXPECT_TRUE(zookeeper_.get("/b"));
}

TEST_F(LockContainerTest, AnotherZnodeInItKeepsTheDirectory) {
  cycle(lock_);
  zookeeper_.create("/a/locks/config");
  zookeeper_.remove_empty_containers();
  EXPECT_TRUE(zookeeper_.get("/a/locks"));
}

TEST_F(LockContainerTest, ADirectoryThatHasGoneIsMadeAgainAndTokensRise) {
  for (int i = 0; i < 5; ++i) {
    cycle(i % 2 == 0 ? lock_ : other_, 3);
    remove_directory();
  }
}

TEST_F(LockContainerTest, MakingItAgainTakesNoPause) {
  cycle(lock_);
  remove_directory();
  EXPECT_EQ(time_of([&] { cycle(lock_); }), 0ns);
  remove_directory();
  zookeeper_.fail_next(FakeZooKeeper::Operation::create, ZooKeeperErrc::throttled);
  EXPECT_EQ(time_of([&] { cycle(lock_); }), 0ns) << "though an attempt had failed before";
}

TEST_F(LockContainerTest, TheUncontendedPathGoesOnInTheNewDirectory) {
  for (int i = 0; i < 3; ++i) {
    cycle(lock_, kManyCycles);
    remove_directory();
  }
}

TEST_F(LockContainerTest, TheNextNumberInANewDirectoryIsNotTakenForTheFirst) {
  cycle(lock_, kManyCycles);  // the last claim had number 11
  remove_directory();
  cycle(other_, kManyCycles - 1);
  const Lease lease = other_.lock();
  ASSERT_EQ(sequence_number(lease.znode()), kManyCycles - 1);
  std::error_code error;
  lock_.lock(Context().with_timeout(1s), error);
  EXPECT_EQ(error, Errc::locking_timed_out) << "its claim had number 12, and was not the first";
  EXPECT_TRUE(lease.valid());
}

TEST_F(LockContainerTest, ALateEventOfTheDeletionComesBeforeTheAnswersBehindIt) {
  zookeeper_.delay_watches(5s);
  cycle(lock_, kManyCycles);
  remove_directory();
  cycle(other_, kManyCycles - 1);
  const Lease lease = other_.lock();
  std::error_code error;
  lock_.lock(Context().with_timeout(10s), error);
  EXPECT_EQ(error, Errc::locking_timed_out);
  EXPECT_TRUE(lease.valid());
}

class GoingDirectoryTest : public LockTest {};

TEST_F(GoingDirectoryTest, ADirectoryThatGoesAgainAndAgainIsMadeUntilTheDeadlineWithPauses) {
  int attempts = 0;
  ON_CALL(*zk_, create_protected_ephemeral_sequential).WillByDefault([&](auto&&...) {
    ++attempts;
    return ZooKeeperErrc::no_node;
  });
  ZooKeeperLock lock(config(), zk_);
  const TimePasses passes(time_.time());
  EXPECT_EQ(error_of([&] { lock.lock(Context().with_timeout(10s)); }).code(),
            Errc::locking_timed_out);
  EXPECT_GT(attempts, 3);
  EXPECT_LT(attempts, 40);
}

}  // namespace
}  // namespace zklock
