// FakeZooKeeper: hosts that are off, and servers that restart at other addresses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <stdexcept>

#include "base/platform.h"

namespace zklock::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::AnyOf;

class FakeZooKeeperAddresses : public ::testing::Test {
 protected:
  FakeZooKeeperAddresses() { zookeeper_.create("/locks"); }

  static internal::SteadyTime now() { return internal::Platform::current().steady_now(); }

  FakeZooKeeper zookeeper_{{.servers = 3}};
};

TEST_F(FakeZooKeeperAddresses, AnUnknownServerIsRefused) {
  for (const int server : {-1, 3}) {
    EXPECT_THROW(zookeeper_.power_off_server(server), std::out_of_range);
    EXPECT_THROW(zookeeper_.move_server(server), std::out_of_range);
  }
}

TEST_F(FakeZooKeeperAddresses, TheClientsOfAServerThatIsOffGoToAnotherInTime) {
  const auto client = zookeeper_.connect_to(1);
  ZooKeeperLock lock({.path = "/locks"}, client);
  const Lease lease = lock.lock();
  zookeeper_.power_off_server(1);
  zookeeper_.settle();
  EXPECT_EQ(zookeeper_.server_of(client), 1) << "nothing tells the client";
  zookeeper_.advance(30s);
  EXPECT_THAT(zookeeper_.server_of(client), AnyOf(0, 2));
  EXPECT_TRUE(lease.valid());
}

TEST_F(FakeZooKeeperAddresses, AnotherLeadsWhenTheLeaderIsOffWhateverElseHappensToIt) {
  zookeeper_.cut_off_server(0);
  zookeeper_.power_off_server(0);
  zookeeper_.heal_server(0);
  zookeeper_.thaw_server(0);  // it is off, not frozen
  zookeeper_.advance(30s);
  EXPECT_THAT(zookeeper_.leader(), AnyOf(1, 2));
  EXPECT_THAT(zookeeper_.server_of(zookeeper_.connect_to(0)), AnyOf(1, 2));
}

TEST_F(FakeZooKeeperAddresses, AFrozenLeaderIsReplacedAlsoIfItIsStarted) {
  zookeeper_.freeze_server(0);
  zookeeper_.start_server(0);
  zookeeper_.advance(30s);
  EXPECT_THAT(zookeeper_.leader(), AnyOf(1, 2));
}

TEST_F(FakeZooKeeperAddresses, AStartPassesAHostThatIsOff) {
  zookeeper_.power_off_server(1);
  const auto begin = now();
  const auto client = zookeeper_.connect_to(1);
  EXPECT_THAT(zookeeper_.server_of(client), AnyOf(0, 2));
  EXPECT_LE(now() - begin, 1s);
}

TEST_F(FakeZooKeeperAddresses, WhatAServerWasSentWhenItWasOffIsLost) {
  const auto client = zookeeper_.connect_to(1);
  zookeeper_.power_off_server(1);
  auto created =
      zookeeper_.in_background([&] { return client->create("/locks/news", "", Acl::open(), {}); });
  zookeeper_.settle();
  zookeeper_.start_server(1);
  zookeeper_.advance(1s);
  EXPECT_EQ(created.get().error(), ZooKeeperErrc::connection_loss);
  EXPECT_FALSE(zookeeper_.get("/locks/news"));
  EXPECT_TRUE(zookeeper_.connect_to(1)->get("/locks", {})) << "it serves again";
}

TEST_F(FakeZooKeeperAddresses, ALeaseOutlivesPodsThatAreReplacedTwiceRound) {
  const auto client = zookeeper_.connect();
  ZooKeeperLock lock({.path = "/locks"}, client);
  const Lease lease = lock.lock();
  for (int move = 0; move < 6; ++move) {
    zookeeper_.move_server(move % 3);
    zookeeper_.advance(10s);
    EXPECT_NE(zookeeper_.server_of(client), -1) << "after move " << move;
  }
  EXPECT_TRUE(lease.valid());
}

TEST_F(FakeZooKeeperAddresses, OnlyALookUpFindsServersThatHaveAllMoved) {
  const auto client = zookeeper_.connect();
  for (const int server : {0, 1, 2}) zookeeper_.move_server(server);
  zookeeper_.advance(100ms);
  EXPECT_EQ(zookeeper_.server_of(client), -1) << "nobody answers where they were";
  zookeeper_.advance(5s);
  EXPECT_NE(zookeeper_.server_of(client), -1);
}

}  // namespace
}  // namespace zklock::testing
