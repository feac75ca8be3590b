// What a TTL does, in virtual time: ttl.md quotes it.
#include <gtest/gtest.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <memory>
#include <string>
#include <system_error>

namespace {

using namespace std::chrono_literals;
using zklock::Context;

// [readme: ttl]
class TtlExample : public ::testing::Test {
 protected:
  zklock::testing::FakeZooKeeper zookeeper_;
  const std::shared_ptr<zklock::ZooKeeperClient> our_client_ = zookeeper_.connect();
  const std::shared_ptr<zklock::ZooKeeperClient> their_client_ = zookeeper_.connect();
  zklock::ZooKeeperLock ours_{{.path = "/reports", .ttl = 30s}, our_client_};
  zklock::ZooKeeperLock theirs_{{.path = "/reports", .ttl = 30s}, their_client_};
};

TEST_F(TtlExample, AHolderThatHangsLosesTheLock) {
  const zklock::Lease our_lease = ours_.lock();
  const zklock::Lease their_lease = theirs_.lock(Context().with_timeout(1min));  // after 30 s

  EXPECT_TRUE(their_lease.valid());
  EXPECT_FALSE(our_lease.valid());
  EXPECT_EQ(our_lease.loss_reason(), zklock::LossReason::ttl_over);
}

TEST_F(TtlExample, AHolderThatRenewsKeepsIt) {
  const zklock::Lease our_lease = ours_.lock();
  for (int part = 1; part <= 10; ++part) {
    zookeeper_.advance(20s);  // one part of the work
    our_lease.renew();        // throws lock_lost if it comes too late
  }
  EXPECT_TRUE(our_lease.valid());
}
// [readme-end]

// [readme: no ttl]
TEST_F(TtlExample, AHolderWithoutATtlIsLeftAlone) {
  zklock::ZooKeeperLock without_ttl({.path = "/reports"}, our_client_);
  const zklock::Lease our_lease = without_ttl.lock();

  std::error_code error;
  theirs_.lock(Context().with_timeout(1h), error);
  EXPECT_EQ(error, zklock::Errc::locking_timed_out);
  EXPECT_TRUE(our_lease.valid());
}
// [readme-end]

}  // namespace
