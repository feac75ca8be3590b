// FakeZooKeeper: clients: how they connect, and what goes wrong with them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <cstdint>
#include <future>
#include <stdexcept>

#include "support/as_claim_client.h"

namespace zklock::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Errc code_of_connect(FakeZooKeeper& zookeeper, const ClientOptions& options) {
  try {
    static_cast<void>(zookeeper.connect(options));
  } catch (const LockError& error) {
    return static_cast<Errc>(error.code().value());
  }
  ADD_FAILURE() << "it is connected";
  return {};
}

// --- Connecting ---------------------------------------------------------------------------------

TEST(FakeZooKeeperConnect, GivesEachClientItsOwnSession) {
  FakeZooKeeper zookeeper;
  const auto one = zookeeper.connect();
  const auto other = zookeeper.connect();
  ASSERT_TRUE(testing::as_claim_client(one)->session());
  EXPECT_NE(testing::as_claim_client(one)->session()->id(),
            testing::as_claim_client(other)->session()->id());
  ZooKeeperLock lock({.path = "/locks"}, one);
  const Lease lease = lock.lock();
  EXPECT_EQ(zookeeper.get(lease.znode())->stat.ephemeral_owner,
            testing::as_claim_client(one)->session()->id());
}

TEST(FakeZooKeeperConnect, BoundsTheSessionTimeoutByItsTicks) {
  FakeZooKeeper zookeeper({.tick_time = 500ms});
  EXPECT_EQ(
      testing::as_claim_client(zookeeper.connect({.session_timeout = 1ms}))->session()->timeout(),
      1s);
  EXPECT_EQ(
      testing::as_claim_client(zookeeper.connect({.session_timeout = 3s}))->session()->timeout(),
      3s);
  EXPECT_EQ(
      testing::as_claim_client(zookeeper.connect({.session_timeout = 1min}))->session()->timeout(),
      10s);
}

TEST(FakeZooKeeperConnect, ThrowsAsTheRealOneDoes) {
  FakeZooKeeper zookeeper;
  EXPECT_EQ(code_of_connect(zookeeper, {.session_timeout = -1s}), Errc::invalid_config);
  EXPECT_EQ(code_of_connect(zookeeper, {.auth = {{"no such scheme", "user1"}}}),
            Errc::locking_failed);
  zookeeper.kill_server(0);
  EXPECT_EQ(code_of_connect(zookeeper, {.connect_timeout = 5s}), Errc::no_server_answered);
}

TEST(FakeZooKeeperConnect, BelievesIdentities) {
  FakeZooKeeper zookeeper;
  const auto ours = zookeeper.connect({.auth = {{"digest", "user1:secret"}}});
  const auto theirs = zookeeper.connect({.auth = {{"digest", "user2:secret"}}});
  ASSERT_TRUE(ours->create("/ours", "", Acl::creator_all(), {}));
  EXPECT_TRUE(ours->get("/ours", {}));
  EXPECT_EQ(theirs->get("/ours", {}).error(), ZooKeeperErrc::no_auth);
}

TEST(FakeZooKeeperConnect, MessagesTakeTheirTime) {
  FakeZooKeeper zookeeper({.latency = 50ms});
  const auto client = zookeeper.connect();
  auto answer = zookeeper.in_background([&] { return client->get("/", {}); });
  zookeeper.advance(100ms - 1ns);
  EXPECT_EQ(answer.wait_for(0s), std::future_status::timeout);
  zookeeper.advance(1ns);
  EXPECT_TRUE(answer.get());
}

TEST(FakeZooKeeperConnect, MessagesTakeAtMostTheJitterLonger) {
  FakeZooKeeper zookeeper({.latency = 50ms, .jitter = 10ms});
  const auto client = zookeeper.connect();
  for (int round = 0; round < 10; ++round) {
    auto answer = zookeeper.in_background([&] { return client->get("/", {}); });
    zookeeper.advance(100ms - 1ns);
    EXPECT_EQ(answer.wait_for(0s), std::future_status::timeout);
    zookeeper.advance(20ms + 1ns);
    EXPECT_EQ(answer.wait_for(0s), std::future_status::ready);
    zookeeper.settle();
    EXPECT_TRUE(answer.get());
  }
}

// --- What goes wrong ----------------------------------------------------------------------------

class FakeZooKeeperClients : public ::testing::Test {
 protected:
  FakeZooKeeper zookeeper_;
  const FakeZooKeeper::Client client_ = zookeeper_.connect();
  const FakeZooKeeper::Client their_client_ = zookeeper_.connect();
  ZooKeeperLock ours_{{.path = "/locks"}, client_};
  ZooKeeperLock theirs_{{.path = "/locks"}, their_client_};
  const Lease lease_ = ours_.lock();
};

TEST_F(FakeZooKeeperClients, AnExpiredSessionLosesItsClaims) {
  auto waiter = zookeeper_.in_background([&] { return theirs_.lock(); });
  zookeeper_.settle();
  zookeeper_.expire_session(client_);
  EXPECT_FALSE(lease_.valid());
  EXPECT_TRUE(lease_.lost().stop_requested());
  EXPECT_EQ(lease_.loss_reason(), LossReason::session_expired);
  const Lease next = waiter.get();
  EXPECT_THAT(zookeeper_.children("/locks"), ElementsAre(next.znode()));
}

TEST_F(FakeZooKeeperClients, ExpiryReportsTheDeletionThatTheHolderWatchesFor) {
  zookeeper_.advance(1s);  // it watches its claim by now
  zookeeper_.expire_session(client_);
  EXPECT_FALSE(lease_.valid());
  EXPECT_EQ(lease_.loss_reason(), LossReason::claim_deleted);
}

TEST_F(FakeZooKeeperClients, AnExpiredSessionIsFollowedByANewOne) {
  const std::int64_t expired = testing::as_claim_client(client_)->session()->id();
  zookeeper_.expire_session(client_);
  const Lease lease = ours_.lock();
  EXPECT_TRUE(lease.valid());
  EXPECT_GT(lease.fencing_token(), lease_.fencing_token());
  EXPECT_NE(testing::as_claim_client(client_)->session()->id(), expired);
}

TEST_F(FakeZooKeeperClients, ACutClientLearnsOfTheExpiryWhenItReconnects) {
  zookeeper_.cut(client_);
  zookeeper_.expire_session(client_);
  EXPECT_THAT(zookeeper_.children("/locks"), IsEmpty());
  EXPECT_FALSE(lease_.lost().stop_requested());
  zookeeper_.restore(client_);
  zookeeper_.advance(1s);
  EXPECT_EQ(lease_.loss_reason(), LossReason::session_expired);
}

TEST_F(FakeZooKeeperClients, ABrokenConnectionIsReplacedAtOnce) {
  const std::uint64_t connection = client_->get("/locks", {})->connection;
  const std::int64_t session = testing::as_claim_client(client_)->session()->id();
  zookeeper_.break_connection(client_);
  EXPECT_GT(client_->get("/locks", {})->connection, connection);
  EXPECT_EQ(testing::as_claim_client(client_)->session()->id(), session);
  EXPECT_TRUE(lease_.valid());
}

TEST_F(FakeZooKeeperClients, AWaiterWhoseConnectionBrokeStaysInTheQueue) {
  auto waiter = zookeeper_.in_background([&] { return theirs_.lock(); });
  zookeeper_.settle();
  const auto queue = zookeeper_.children("/locks");
  zookeeper_.break_connection(their_client_);
  EXPECT_EQ(zookeeper_.children("/locks"), queue);
  ours_.unlock(lease_);
  EXPECT_EQ(waiter.get().znode(), queue.at(1));
}

TEST_F(FakeZooKeeperClients, NoConnectionCanBeMadeWhileAClientIsCut) {
  zookeeper_.cut(client_);
  EXPECT_EQ(zookeeper_.server_of(client_), -1);
  zookeeper_.let_time_pass();
  EXPECT_EQ(client_->get("/locks", Context().with_timeout(3s)).error(),
            ZooKeeperErrc::operation_timeout);
  EXPECT_TRUE(their_client_->get("/locks", {}));
  zookeeper_.restore(client_);
  EXPECT_TRUE(client_->get("/locks", {}));
  EXPECT_EQ(zookeeper_.server_of(client_), 0);
  EXPECT_TRUE(lease_.valid());
}

TEST_F(FakeZooKeeperClients, TheSessionOfAClientThatIsCutExpires) {
  auto waiter = zookeeper_.in_background([&] { return theirs_.lock(); });
  zookeeper_.settle();
  zookeeper_.cut(client_);
  zookeeper_.advance(10s - 1ns);  // the session timeout
  EXPECT_THAT(zookeeper_.children("/locks"), SizeIs(2));
  zookeeper_.advance(2s + 1ns);  // a tick
  EXPECT_TRUE(waiter.get().valid());
  zookeeper_.restore(client_);
  zookeeper_.advance(1s);
  EXPECT_FALSE(lease_.valid());
}

TEST_F(FakeZooKeeperClients, AStallIsNotReported) {
  zookeeper_.stall(client_);
  auto write = zookeeper_.in_background(
      [&] { return client_->create("/node", "", Acl::open(), {}).error(); });
  zookeeper_.advance(1s);
  EXPECT_EQ(zookeeper_.server_of(client_), 0);
  EXPECT_FALSE(zookeeper_.get("/node"));
  EXPECT_EQ(write.wait_for(0s), std::future_status::timeout);

  zookeeper_.restore(client_);
  EXPECT_FALSE(write.get());
  EXPECT_TRUE(zookeeper_.get("/node"));
  EXPECT_TRUE(lease_.valid());
}

TEST_F(FakeZooKeeperClients, MessagesToAStalledClientArriveAfterwards) {
  auto waiter = zookeeper_.in_background([&] { return theirs_.lock(); });
  zookeeper_.settle();
  zookeeper_.stall(their_client_);
  ours_.unlock(lease_);
  zookeeper_.advance(1s);
  EXPECT_EQ(waiter.wait_for(0s), std::future_status::timeout);
  zookeeper_.restore(their_client_);
  EXPECT_TRUE(waiter.get().valid());
}

TEST_F(FakeZooKeeperClients, TheSessionOfAStalledClientExpires) {
  auto waiter = zookeeper_.in_background([&] { return theirs_.lock(); });
  zookeeper_.settle();
  zookeeper_.stall(client_);
  zookeeper_.advance(12s);
  EXPECT_TRUE(waiter.get().valid());
  zookeeper_.restore(client_);
  zookeeper_.advance(1s);
  EXPECT_FALSE(lease_.valid());
}

TEST_F(FakeZooKeeperClients, ServersThatMovedAreFoundForTheSameSession) {
  const std::int64_t session = testing::as_claim_client(client_)->session()->id();
  zookeeper_.move_servers(client_);
  EXPECT_EQ(zookeeper_.server_of(client_), 0);  // it does not look for them yet
  zookeeper_.cut(client_);
  zookeeper_.advance(3s);
  zookeeper_.restore(client_);
  zookeeper_.advance(2s);
  EXPECT_EQ(zookeeper_.server_of(client_), 0);
  EXPECT_EQ(testing::as_claim_client(client_)->session()->id(), session);
  EXPECT_FALSE(lease_.valid()) << "giving up the old servers might have ended the session";
}

TEST_F(FakeZooKeeperClients, AnUnknownClientIsRefused) {
  const FakeZooKeeper::Client nobody;
  EXPECT_THROW(zookeeper_.expire_session(nobody), std::out_of_range);
  EXPECT_THROW(zookeeper_.break_connection(nobody), std::out_of_range);
  EXPECT_THROW(zookeeper_.cut(nobody), std::out_of_range);
  EXPECT_THROW(zookeeper_.stall(nobody), std::out_of_range);
  EXPECT_THROW(zookeeper_.restore(nobody), std::out_of_range);
  EXPECT_THROW(zookeeper_.move_servers(nobody), std::out_of_range);
  EXPECT_THROW(static_cast<void>(zookeeper_.server_of(nobody)), std::out_of_range);
}

}  // namespace
}  // namespace zklock::testing
