// Consistency: which session sees which write, and when.
#include <zklock/zookeeper_client.h>

#include <string>
#include <vector>

#include "contract/contract.h"

namespace zklock::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using OrderContract = ContractTest;

TEST_F(OrderContract, ClientReadsItsOwnWrites) {
  for (int round = 1; round <= 20; ++round) {
    const std::string text = std::to_string(round);
    ASSERT_TRUE(client_->set(path_, text, kAny, soon()));
    EXPECT_EQ(client_->get(path_, soon())->data, text);
  }
}

TEST_F(OrderContract, ClientListsItsOwnCreatesAndRemoves) {
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(client_->create(path_ + "/a", "", Acl::open(), soon()));
    EXPECT_THAT(client_->children(path_, soon())->names, ElementsAre("a"));
    ASSERT_TRUE(client_->remove(path_ + "/a", kAny, soon()));
    EXPECT_THAT(client_->children(path_, soon())->names, IsEmpty());
  }
}

TEST_F(OrderContract, SessionsSeeEachOthersAnsweredWrites) {
  ASSERT_TRUE(client_->create(path_ + "/a", "ours", Acl::open(), soon()));
  EXPECT_EQ(other_->get(path_ + "/a", soon())->data, "ours");
  ASSERT_TRUE(other_->set(path_ + "/a", "theirs", kAny, soon()));
  EXPECT_EQ(client_->get(path_ + "/a", soon())->data, "theirs");
  ASSERT_TRUE(client_->remove(path_ + "/a", kAny, soon()));
  EXPECT_EQ(other_->get(path_ + "/a", soon()).error(), ZooKeeperErrc::no_node);
}

TEST_F(OrderContract, OfTwoWritesWithOneVersionOneSucceeds) {
  auto ours = in_background([&] { return client_->set(path_, "ours", 0, soon()); });
  auto theirs = in_background([&] { return other_->set(path_, "theirs", 0, soon()); });
  const Result<Stat> our_result = ours.get();
  const Result<Stat> their_result = theirs.get();
  EXPECT_NE(our_result.has_value(), their_result.has_value());
  const Result<Stat>& loser = our_result ? their_result : our_result;
  EXPECT_EQ(loser.error(), ZooKeeperErrc::bad_version);
  EXPECT_EQ(other_->get(path_, soon())->data, our_result ? "ours" : "theirs");
}

TEST_F(OrderContract, RequestsInTheBackgroundKeepTheirOrder) {
  std::vector<std::string> claims;
  for (int count = 0; count < 10; ++count) claims.push_back(claim(client_));
  const auto watching = watcher();
  for (const std::string& claimed : claims) client_->watch_in_background(claimed, watching);
  for (const std::string& claimed : claims) client_->remove_in_background(claimed);
  ASSERT_TRUE(client_->get(path_, soon()));
  std::vector<std::string> told;
  for (const WatchEvent& event : watching->events()) told.push_back(event.path);
  EXPECT_EQ(told, claims);
}

TEST_F(OrderContract, AnswersGoToTheThreadThatAsked) {
  const auto work = [this](int number) {
    const std::string text = std::to_string(number);
    const std::string path = path_ + "/" + text;
    for (int round = 0; round < 10; ++round) {
      const Result<Created> created = client_->create(path, text, Acl::open(), soon());
      const Result<Znode> znode = client_->get(path, soon());
      if (!created || created->path != path || !znode || znode->data != text) return false;
      if (!client_->remove(path, kAny, soon())) return false;
    }
    return true;
  };
  std::vector<Running<bool>> threads;
  for (int number = 0; number < 4; ++number) {
    threads.push_back(in_background([work, number] { return work(number); }));
  }
  for (Running<bool>& thread : threads) EXPECT_TRUE(thread.get());
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(OrderContract, AnswersCarryTheirConnectionsNumber) {
  const Result<Znode> znode = client_->get(path_, soon());
  const Result<Children> children = client_->children(path_, soon());
  const Result<Enqueued> enqueued = client_->enqueue({.directory = path_}, soon());
  ASSERT_TRUE(znode && children && enqueued);
  EXPECT_EQ(children->connection, znode->connection);
  EXPECT_EQ(enqueued->claim.connection, znode->connection);
  reconnect(client_);
  EXPECT_EQ(client_->get(path_, soon())->connection, znode->connection + 1);
  EXPECT_EQ(client_->children(path_, soon())->connection, znode->connection + 1);
  EXPECT_EQ(client_->enqueue({.directory = path_}, soon())->claim.connection,
            znode->connection + 1);
}

}  // namespace
}  // namespace zklock::test
