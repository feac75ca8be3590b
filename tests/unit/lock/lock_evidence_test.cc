// Leases of holders that cannot reach the servers: on the fake ensemble of three.
// The session timeout is 10 s, a tick 2 s.
#include <gmock/gmock.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <memory>
#include <string>
#include <system_error>

#include "base/platform.h"
#include "support/as_claim_client.h"

namespace zklock::testing {
namespace {

using namespace std::chrono_literals;

class LockEvidenceTest : public ::testing::Test {
 protected:
  LockEvidenceTest() { zookeeper_.create("/locks"); }

  /// Time passes until the claim is gone. Each step notes whether the lease was
  /// valid until then.
  void expect_to_end_before_its_claim(const Lease& lease) {
    bool was_valid = true;
    while (zookeeper_.get(lease.znode())) {
      was_valid = lease.valid();
      zookeeper_.advance(10ms);
    }
    EXPECT_FALSE(was_valid) << "its claim is gone";
    EXPECT_TRUE(lease.lost().stop_requested());
    EXPECT_EQ(lease.loss_reason(), LossReason::cut_off);
  }
  /// Breaks the server of the holder, which does not lead, at different moments.
  void expect_to_outlive_its_server(void (FakeZooKeeper::*break_it)(int),
                                    void (FakeZooKeeper::*mend_it)(int)) {
    const Lease lease = lock_.lock();
    for (int round = 0; round < 10; ++round) {
      zookeeper_.advance(1min + round * 457ms);
      const int server = zookeeper_.server_of(client_);
      if (server == zookeeper_.leader()) zookeeper_.change_leader((server + 1) % 3);
      (zookeeper_.*break_it)(server);
      for (int i = 0; i < 1000; ++i) {
        zookeeper_.advance(10ms);
        ASSERT_TRUE(lease.valid()) << round << ", after " << i * 10 << " ms";
      }
      EXPECT_NE(zookeeper_.server_of(client_), server);
      (zookeeper_.*mend_it)(server);
    }
    EXPECT_NO_THROW(lease.verify());
  }
  [[nodiscard]] static std::chrono::nanoseconds in_hand(const Lease& lease) {
    return lease.valid_until() - internal::Platform::current().steady_now();
  }
  void take_the_servers_away(std::chrono::nanoseconds time) {
    for (const int server : {0, 1, 2}) zookeeper_.kill_server(server);
    zookeeper_.advance(time);
    for (const int server : {0, 1, 2}) zookeeper_.start_server(server);
  }

  FakeZooKeeper zookeeper_{{.servers = 3}};
  FakeZooKeeper::Client client_ = zookeeper_.connect_to(1);
  ZooKeeperLock lock_{{.path = "/locks"}, client_};
  ZooKeeperLock other_lock_{{.path = "/locks"}, zookeeper_.connect()};
};

TEST_F(LockEvidenceTest, TheLeaseOfACutOffHolderEndsBeforeItsClaim) {
  for (int round = 0; round < 10; ++round) {
    const Lease lease = lock_.lock();
    zookeeper_.advance(round * 457ms);
    ASSERT_TRUE(lease.valid());
    zookeeper_.cut(client_);
    expect_to_end_before_its_claim(lease);
    zookeeper_.restore(client_);
    zookeeper_.advance(1s);
  }
}

TEST_F(LockEvidenceTest, TheLeaseEndsBeforeTheClaimWhenTheOnlyServerIsCutOff) {
  const Lease lease = lock_.lock();
  zookeeper_.advance(1min);
  ASSERT_TRUE(lease.valid());
  zookeeper_.know_only(client_, 1);
  zookeeper_.cut_off_server(1);
  auto answer = zookeeper_.in_background([&] { return client_->get("/locks", {}).error(); });
  EXPECT_FALSE(answer.get()) << "it goes on answering";
  expect_to_end_before_its_claim(lease);
}

TEST_F(LockEvidenceTest, TheLeaseGoesOnElsewhereWhenItsServerIsCutOff) {
  expect_to_outlive_its_server(&FakeZooKeeper::cut_off_server, &FakeZooKeeper::heal_server);
}

TEST_F(LockEvidenceTest, TheLeaseGoesOnElsewhereWhenItsServerFreezes) {
  expect_to_outlive_its_server(&FakeZooKeeper::freeze_server, &FakeZooKeeper::thaw_server);
}

TEST_F(LockEvidenceTest, TheLeaseIsValidWhileServersConfirmTheSession) {
  const Lease lease = lock_.lock();
  for (int i = 0; i < 600; ++i) {
    zookeeper_.advance(1s);
    ASSERT_TRUE(lease.valid());
    ASSERT_GE(in_hand(lease), 2'500ms);
  }
  EXPECT_NO_THROW(lock_.unlock(lease));
}

TEST_F(LockEvidenceTest, AnEndedLeaseStaysInvalidEvenIfItsSessionLives) {
  const Lease lease = lock_.lock();
  take_the_servers_away(15s);  // nobody is there to end the session
  EXPECT_FALSE(lease.valid());
  zookeeper_.advance(10s);
  EXPECT_FALSE(lease.valid());
  EXPECT_FALSE(testing::as_claim_client(client_)->session()->lost().stop_requested());
  EXPECT_FALSE(zookeeper_.get(lease.znode())) << "nobody holds it: it is not left in the queue";
  std::error_code error;
  lock_.unlock(lease, {}, error);
  EXPECT_EQ(error, Errc::lock_lost);
  const Lease next = lock_.lock();
  EXPECT_TRUE(next.valid());
  EXPECT_GT(next.fencing_token(), lease.fencing_token());
}

TEST_F(LockEvidenceTest, AWaiterKeepsItsPlaceWithoutACertainSession) {
  const Lease lease = lock_.lock();
  ZooKeeperLock other({.path = "/locks"}, zookeeper_.connect());
  auto waiting = zookeeper_.in_background([&] { return other.lock(); });
  zookeeper_.advance(1s);
  const std::string claim = zookeeper_.children("/locks").back();
  take_the_servers_away(15s);
  zookeeper_.advance(10s);
  const Lease next = waiting.get();
  EXPECT_EQ(next.znode(), claim);
  EXPECT_TRUE(next.valid());
}

TEST_F(LockEvidenceTest, OldEvidenceGrantsNoLock) {
  const Lease lease = lock_.lock();
  const auto client = zookeeper_.connect();
  ZooKeeperLock other({.path = "/locks"}, client);
  auto waiting = zookeeper_.in_background([&] { return other.lock(); });
  zookeeper_.advance(1s);
  zookeeper_.cut(client);
  lock_.unlock(lease);
  zookeeper_.advance(8s);  // its session is about to end
  zookeeper_.restore(client);
  zookeeper_.advance(10s);
  const Lease next = waiting.get();
  EXPECT_TRUE(next.valid());
  EXPECT_GE(in_hand(next), 2'500ms);
}

/// After a reconnect whose beginning is long ago, evidence takes up to a third of the timeout.
TEST_F(LockEvidenceTest, AClaimDeletedWhileItWaitsForEvidenceIsNotGranted) {
  zookeeper_.cut(client_);
  zookeeper_.advance(8s);
  zookeeper_.restore(client_);
  auto waiting = zookeeper_.in_background([&] { return lock_.lock(); });
  for (; zookeeper_.children("/locks").empty(); zookeeper_.advance(1ms)) {
  }
  const std::string claim = zookeeper_.children("/locks").back();
  zookeeper_.advance(100ms);
  ASSERT_NE(waiting.wait_for(0s), std::future_status::ready) << "it has evidence at once";
  zookeeper_.remove(claim);
  const Lease other = other_lock_.lock();
  EXPECT_TRUE(other.valid());
  zookeeper_.advance(1min);
  EXPECT_NE(waiting.wait_for(0s), std::future_status::ready) << "while another one holds it";
  other_lock_.unlock(other);
  zookeeper_.settle();
  const Lease lease = waiting.get();
  EXPECT_NE(lease.znode(), claim);
  EXPECT_GT(lease.fencing_token(), other.fencing_token());
}

TEST_F(LockEvidenceTest, AProcessThatWasFrozenFindsItsLeaseEnded) {
  FakeMachine& machine = zookeeper_.machine("db7");
  const auto client = machine.connect();
  const auto lock = machine.run([&] {
    return std::make_unique<ZooKeeperLock>(ZooKeeperLockConfig{.path = "/locks"}, client);
  });
  const Lease lease = machine.run([&] { return lock->lock(); });
  machine.freeze();
  const Lease next = lock_.lock();
  machine.thaw();
  EXPECT_FALSE(machine.run([&] { return lease.valid(); }));
  EXPECT_TRUE(next.valid());
  EXPECT_GT(next.fencing_token(), lease.fencing_token());
  zookeeper_.settle();
  EXPECT_TRUE(lease.lost().stop_requested());
}

}  // namespace
}  // namespace zklock::testing
