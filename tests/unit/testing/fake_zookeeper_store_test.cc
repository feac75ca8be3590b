// FakeZooKeeper: what is stored, as a test looks at it and changes it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <limits>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/error_of.h"

namespace zklock::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::IsEmpty;

using zklock::test::error_of;

class FakeZooKeeperStore : public ::testing::Test {
 protected:
  FakeZooKeeperStore() { zookeeper_.create("/locks"); }

  std::vector<std::future<Lease>> queue_up(int claims) {
    std::vector<std::future<Lease>> waiters;
    for (int claim = 0; claim < claims; ++claim) {
      waiters.push_back(zookeeper_.in_background([&] { return lock_.lock(); }));
      zookeeper_.settle();
    }
    return waiters;
  }

  /// Each is granted in its turn: the claims' paths, in the order of their creation.
  std::vector<std::string> grant_in_turn(std::vector<std::future<Lease>> waiters) {
    const std::vector<std::string> queue = zookeeper_.children("/locks");
    for (std::size_t turn = 0; turn < waiters.size(); ++turn) {
      const Lease lease = waiters[turn].get();
      EXPECT_EQ(lease.znode(), queue.at(turn));
      EXPECT_TRUE(lease.valid());
      for (std::size_t later = turn + 1; later < waiters.size(); ++later) {
        EXPECT_EQ(waiters[later].wait_for(0s), std::future_status::timeout);
      }
      lock_.unlock(lease);
      zookeeper_.settle();
    }
    return queue;
  }

  FakeZooKeeper zookeeper_;
  const FakeZooKeeper::Client client_ = zookeeper_.connect();
  ZooKeeperLock lock_{{.path = "/locks"}, client_};
};

TEST_F(FakeZooKeeperStore, ChildrenAreInTheOrderOfTheirCreation) {
  zookeeper_.create("/locks/b");
  zookeeper_.create("/locks/a");
  zookeeper_.create("/locks/a/c");
  EXPECT_THAT(zookeeper_.children("/locks"), ElementsAre("/locks/b", "/locks/a"));
  EXPECT_THAT(zookeeper_.children("/"), ElementsAre("/locks"));
  EXPECT_THAT(zookeeper_.children("/nowhere"), IsEmpty());
}

TEST_F(FakeZooKeeperStore, GetReadsAsAClientDoes) {
  zookeeper_.create("/locks/node", "data");
  zookeeper_.create("/locks/node/child");
  const auto stored = zookeeper_.get("/locks/node");
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->data, "data");
  EXPECT_EQ(stored->stat, client_->get("/locks/node", {})->stat);
  EXPECT_EQ(stored->stat.num_children, 1);
  EXPECT_EQ(stored->stat.data_length, 4);
  EXPECT_EQ(stored->stat.ephemeral_owner, 0);
  EXPECT_FALSE(zookeeper_.get("/locks/nowhere"));
}

TEST_F(FakeZooKeeperStore, ClientsSeeTheOperatorsChanges) {
  zookeeper_.create("/locks/node", "old");
  EXPECT_EQ(client_->get("/locks/node", {})->data, "old");
  zookeeper_.set("/locks/node", "new");
  EXPECT_EQ(client_->get("/locks/node", {})->data, "new");
  EXPECT_EQ(client_->get("/locks/node", {})->stat.version, 1);
  zookeeper_.remove("/locks/node");
  EXPECT_EQ(client_->get("/locks/node", {}).error(), ZooKeeperErrc::no_node);
}

TEST_F(FakeZooKeeperStore, AnOperatorsErrorsAreZooKeepers) {
  zookeeper_.create("/locks/node");
  EXPECT_EQ(error_of<std::system_error>([&] { zookeeper_.create("/locks/node"); }).code(),
            ZooKeeperErrc::node_exists);
  EXPECT_EQ(error_of<std::system_error>([&] { zookeeper_.create("/nowhere/node"); }).code(),
            ZooKeeperErrc::no_node);
  EXPECT_EQ(error_of<std::system_error>([&] { zookeeper_.set("/nowhere", ""); }).code(),
            ZooKeeperErrc::no_node);
  EXPECT_EQ(error_of<std::system_error>([&] { zookeeper_.remove("/nowhere"); }).code(),
            ZooKeeperErrc::no_node);
  EXPECT_EQ(error_of<std::system_error>([&] { zookeeper_.remove("/locks"); }).code(),
            ZooKeeperErrc::not_empty);
  zookeeper_.kill_server(0);
  EXPECT_EQ(error_of<std::system_error>([&] { zookeeper_.create("/node"); }).code(),
            ZooKeeperErrc::connection_loss);
}

TEST_F(FakeZooKeeperStore, AnOperatorIgnoresAcls) {
  const auto owner = zookeeper_.connect({.auth = {{"digest", "user1:secret"}}});
  ASSERT_TRUE(owner->create("/theirs", "", Acl::creator_all(), {}));
  EXPECT_NO_THROW(zookeeper_.create("/theirs/node"));
  EXPECT_NO_THROW(zookeeper_.set("/theirs", "data"));
  EXPECT_EQ(zookeeper_.get("/theirs")->data, "data");
  EXPECT_NO_THROW(zookeeper_.remove("/theirs/node"));
}

TEST_F(FakeZooKeeperStore, AHolderWhoseClaimIsRemovedIsNotified) {
  const Lease lease = lock_.lock();
  zookeeper_.advance(1s);
  zookeeper_.remove(lease.znode());
  EXPECT_FALSE(lease.valid());
  EXPECT_TRUE(lease.lost().stop_requested());
  EXPECT_EQ(lease.loss_reason(), LossReason::claim_deleted);
}

TEST_F(FakeZooKeeperStore, AHolderDoesNotRenewAClaimThatSomebodyHasWritten) {
  ZooKeeperLock lock({.path = "/locks", .ttl = 10s}, client_);
  const Lease lease = lock.lock();
  zookeeper_.set(lease.znode(), "scribble");
  EXPECT_EQ(error_of([&] { lease.renew(); }).code(), Errc::lock_lost);
}

TEST_F(FakeZooKeeperStore, ACounterBelongsToAZnode) {
  EXPECT_THROW(zookeeper_.set_sequence_counter("/nowhere", 41), std::system_error);
  EXPECT_FALSE(zookeeper_.get("/nowhere"));
}

TEST_F(FakeZooKeeperStore, ClaimsContinueFromTheCounter) {
  zookeeper_.set_sequence_counter("/locks", 41);
  EXPECT_THAT(grant_in_turn(queue_up(2)),
              ElementsAre(EndsWith("-lock-0000000041"), EndsWith("-lock-0000000042")));
}

TEST_F(FakeZooKeeperStore, NumbersWrapWhenClaimsFollowEachOtherWithoutAPause) {
  zookeeper_.set_sequence_counter("/locks", std::numeric_limits<std::int32_t>::max() - 1);
  EXPECT_THAT(grant_in_turn(queue_up(4)),
              ElementsAre(EndsWith("-lock-2147483646"), EndsWith("-lock-2147483647"),
                          EndsWith("-lock--2147483648"), EndsWith("-lock--2147483647")));
}

TEST_F(FakeZooKeeperStore, NumbersStickWhenClaimsAreMadeNowAndThen) {
  zookeeper_.set_sequence_counter("/locks", std::numeric_limits<std::int32_t>::max() - 1);
  std::vector<std::future<Lease>> waiters;
  for (int claim = 0; claim < 4; ++claim) {
    waiters.push_back(std::move(queue_up(1).front()));
    zookeeper_.advance(1s);
  }
  EXPECT_THAT(grant_in_turn(std::move(waiters)),
              ElementsAre(EndsWith("-lock-2147483646"), EndsWith("-lock-2147483647"),
                          EndsWith("-lock-2147483647"), EndsWith("-lock-2147483647")));
}

TEST_F(FakeZooKeeperStore, AnEmptyContainerIsRemovedOnceItHasHadChildren) {
  const auto make = [this](const std::string& path) {
    ASSERT_TRUE(client_->create_container(path, "", Acl::open(), {}));
  };
  make("/unused");
  make("/used");
  make("/in-use");
  zookeeper_.create("/used/a");
  zookeeper_.create("/in-use/a");
  zookeeper_.create("/locks/a");
  zookeeper_.remove("/used/a");
  zookeeper_.remove("/locks/a");
  zookeeper_.advance(1h);
  EXPECT_TRUE(zookeeper_.get("/used")) << "only a call removes it";
  zookeeper_.remove_empty_containers();
  EXPECT_FALSE(zookeeper_.get("/used"));
  EXPECT_TRUE(zookeeper_.get("/unused"));
  EXPECT_TRUE(zookeeper_.get("/in-use"));
  EXPECT_TRUE(zookeeper_.get("/locks")) << "a persistent one";
}

}  // namespace
}  // namespace zklock::testing
