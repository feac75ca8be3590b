// What is created, and how it is called.
#include <zklock/zookeeper_client.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "contract/contract.h"

namespace zklock::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::UnorderedElementsAre;

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }
std::string number_of(const std::string& path) { return path.substr(path.rfind('-') + 1); }

using CreateContract = ContractTest;

TEST_F(CreateContract, MakesAPersistentNode) {
  const Result<Created> created = client_->create(path_ + "/a", "text", Acl::open(), soon());
  ASSERT_TRUE(created);
  EXPECT_EQ(created->path, path_ + "/a");
  const Result<Znode> znode = other_->get(path_ + "/a", soon());
  ASSERT_TRUE(znode);
  EXPECT_EQ(znode->data, "text");
  EXPECT_EQ(znode->stat, created->stat);
  EXPECT_TRUE(client_->close(soon()));
  EXPECT_TRUE(exists(path_ + "/a"));
}

TEST_F(CreateContract, KeepsAnyBytes) {
  const std::string bytes("a\0b\xff\xfe\x80\n", 7);
  ASSERT_TRUE(client_->create(path_ + "/a", bytes, Acl::open(), soon()));
  EXPECT_EQ(other_->get(path_ + "/a", soon())->data, bytes);
  const Result<Enqueued> enqueued = client_->enqueue({.directory = path_, .data = bytes}, soon());
  ASSERT_TRUE(enqueued);
  EXPECT_EQ(other_->get(enqueued->claim.path, soon())->data, bytes);
  EXPECT_EQ(enqueued->claim.stat.data_length, 7);
}

TEST_F(CreateContract, AContainerIsLikeAPersistentNode) {
  const std::string container = path_ + "/a";
  const Acl read_only{{Permission::read, "world", "anyone"}};
  const Result<Created> created = client_->create_container(container, "some", read_only, soon());
  ASSERT_TRUE(created) << created.error().message();
  EXPECT_EQ(created->path, container);
  EXPECT_EQ(created->stat.ephemeral_owner, 0);
  const Result<Znode> znode = other_->get(container, soon());
  ASSERT_TRUE(znode);
  EXPECT_EQ(znode->data, "some");
  EXPECT_EQ(znode->stat, created->stat);
  EXPECT_EQ(other_->create(container + "/b", "", Acl::open(), soon()).error(),
            ZooKeeperErrc::no_auth);
  ASSERT_TRUE(client_->close(soon()));
  EXPECT_TRUE(exists(container)) << "it does not go with the session";
  EXPECT_TRUE(other_->remove(container, kAny, soon()));
}

TEST_F(CreateContract, AContainerHasChildrenAndNumbersThem) {
  const std::string container = path_ + "/a";
  ASSERT_TRUE(client_->create_container(container, "", Acl::open(), soon()));
  for (const std::string number : {"0000000000", "0000000001"}) {
    const Result<Enqueued> enqueued = client_->enqueue({.directory = container}, soon());
    ASSERT_TRUE(enqueued);
    EXPECT_EQ(number_of(enqueued->claim.path), number);
  }
  EXPECT_EQ(other_->remove(container, kAny, soon()).error(), ZooKeeperErrc::not_empty);
}

TEST_F(CreateContract, RefusesAContainerAsItRefusesAPersistentNode) {
  const auto refusal = [this](const std::string& path, const Acl& acl = Acl::open()) {
    return client_->create_container(path, "", acl, soon()).error();
  };
  EXPECT_EQ(refusal(path_), ZooKeeperErrc::node_exists);
  EXPECT_EQ(refusal(path_ + "/none/a"), ZooKeeperErrc::no_node);
  EXPECT_EQ(refusal(claim(client_) + "/a"), ZooKeeperErrc::no_children_for_ephemerals);
  EXPECT_EQ(refusal(path_ + "/a", Acl::creator_all()), ZooKeeperErrc::invalid_acl);
  const std::string closed = child("closed", Acl{{Permission::read, "world", "anyone"}});
  EXPECT_EQ(refusal(closed + "/a"), ZooKeeperErrc::no_auth);
}

TEST_F(CreateContract, KeepsEmptyData) {
  ASSERT_TRUE(client_->create(path_ + "/a", "", Acl::open(), soon()));
  EXPECT_EQ(other_->get(path_ + "/a", soon())->data, "");
  EXPECT_EQ(stat(claim(client_)).data_length, 0);
}

TEST_F(CreateContract, KeepsUpToAMegabyte) {
  const std::string much(1'000'000, 'x');
  const std::string too_much = much + "x";
  ASSERT_TRUE(client_->create(path_ + "/a", much, Acl::open(), soon()));
  EXPECT_EQ(other_->get(path_ + "/a", soon())->data, much);
  EXPECT_EQ(client_->create(path_ + "/b", too_much, Acl::open(), soon()).error(),
            ZooKeeperErrc::bad_arguments);
  EXPECT_EQ(client_->enqueue({.directory = path_, .data = too_much}, soon()).error(),
            ZooKeeperErrc::bad_arguments);
  EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(CreateContract, TakesNamesInUnicodeAndWithBlanks) {
  const std::string name = "Schlo\xc3\x9f \xe9\x94\x81-:%";
  ASSERT_TRUE(client_->create(path_ + "/" + name, "", Acl::open(), soon()));
  EXPECT_THAT(names(), ElementsAre(name));
  EXPECT_TRUE(exists(path_ + "/" + name));
}

TEST_F(CreateContract, RefusesANodeThatExists) {
  EXPECT_EQ(client_->create(path_, "new", Acl::open(), soon()).error(), ZooKeeperErrc::node_exists);
  EXPECT_EQ(client_->create("/", "new", Acl::open(), soon()).error(), ZooKeeperErrc::node_exists);
  EXPECT_EQ(other_->get(path_, soon())->data, "data");
}

TEST_F(CreateContract, RefusesANodeWithoutAParent) {
  const std::string none = path_ + "/none";
  EXPECT_EQ(client_->create(none + "/a", "", Acl::open(), soon()).error(), ZooKeeperErrc::no_node);
  EXPECT_EQ(client_->enqueue({.directory = none}, soon()).error(), ZooKeeperErrc::no_node);
  EXPECT_EQ(
      client_->create_protected_ephemeral_sequential(none + "/a-", "", Acl::open(), soon()).error(),
      ZooKeeperErrc::no_node);
}

TEST_F(CreateContract, RefusesChildrenOfEphemeralNodes) {
  const std::string ephemeral = claim(client_);
  EXPECT_EQ(client_->create(ephemeral + "/a", "", Acl::open(), soon()).error(),
            ZooKeeperErrc::no_children_for_ephemerals);
  EXPECT_EQ(client_->enqueue({.directory = ephemeral}, soon()).error(),
            ZooKeeperErrc::no_children_for_ephemerals);
  EXPECT_EQ(
      other_->create_protected_ephemeral_sequential(ephemeral + "/a-", "", Acl::open(), soon())
          .error(),
      ZooKeeperErrc::no_children_for_ephemerals);
}

TEST_F(CreateContract, NamesProtectedNodesByIdPrefixAndNumber) {
  const std::string first = claim(client_);
  EXPECT_EQ(first.rfind(path_ + "/", 0), 0U);
  EXPECT_THAT(name_of(first), MatchesRegex("_c_[0-9a-f]{32}-lock-0000000000"));
  const Result<Enqueued> second = client_->enqueue({.directory = path_}, soon());
  ASSERT_TRUE(second);
  EXPECT_THAT(name_of(second->claim.path), MatchesRegex("_c_[0-9a-f]{32}-lock-0000000001"));
  EXPECT_NE(name_of(first).substr(0, 35), name_of(second->claim.path).substr(0, 35));
  const Result<Created> third =
      client_->create_protected_ephemeral_sequential(path_ + "/", "", Acl::open(), soon());
  ASSERT_TRUE(third);
  EXPECT_THAT(name_of(third->path), MatchesRegex("_c_[0-9a-f]{32}-0000000002"));
  EXPECT_THAT(names(), UnorderedElementsAre(name_of(first), name_of(second->claim.path),
                                            name_of(third->path)));
}

TEST_F(CreateContract, NamesProtectedNodesInTheRoot) {
  const Result<Created> created =
      client_->create_protected_ephemeral_sequential("/root-", "", Acl::open(), soon());
  ASSERT_TRUE(created);
  EXPECT_THAT(created->path, MatchesRegex("/_c_[0-9a-f]{32}-root-[0-9]{10}"));
  EXPECT_TRUE(exists(created->path));
}

TEST_F(CreateContract, CountsAllCreatesInADirectory) {
  EXPECT_EQ(number_of(claim(client_)), "0000000000");
  const std::string persistent = child("a");
  EXPECT_EQ(number_of(claim(other_)), "0000000002") << "a persistent one counts";
  ASSERT_TRUE(client_->create(persistent + "/below", "", Acl::open(), soon()));
  EXPECT_EQ(number_of(claim(client_)), "0000000003") << "a child's child does not";
  ASSERT_TRUE(client_->set(path_, "", kAny, soon()));
  EXPECT_EQ(number_of(claim(client_)), "0000000004") << "neither does a change of its own";
}

TEST_F(CreateContract, DoesNotCountDeletesAndFailures) {
  const std::string persistent = child("a");
  ASSERT_TRUE(other_->remove(claim(client_), kAny, soon()));
  EXPECT_FALSE(client_->create(persistent, "", Acl::open(), soon()));
  EXPECT_FALSE(client_->create(path_ + "/b", "", Acl::creator_all(), soon()));
  EXPECT_FALSE(client_->remove(path_ + "/none", kAny, soon()));
  ASSERT_TRUE(other_->remove(persistent, kAny, soon()));
  EXPECT_EQ(number_of(claim(client_)), "0000000002");
}

TEST_F(CreateContract, CountsFromZeroInANewDirectory) {
  ASSERT_TRUE(other_->remove(claim(client_), kAny, soon()));
  ASSERT_TRUE(other_->remove(path_, kAny, soon()));
  ASSERT_TRUE(other_->create(path_, "", Acl::open(), soon()));
  EXPECT_EQ(number_of(claim(client_)), "0000000000");
}

TEST_F(CreateContract, ReturnsTheSessionOfAnEphemeralNode) {
  const Result<Enqueued> enqueued =
      client_->enqueue({.directory = path_, .data = "me", .list = false}, soon());
  ASSERT_TRUE(enqueued);
  EXPECT_THAT(enqueued->queue->names, IsEmpty());
  const CreatedClaim* const created = &enqueued->claim;
  ASSERT_TRUE(created->session);
  EXPECT_EQ(created->session, client_->session());
  EXPECT_EQ(created->stat.ephemeral_owner, created->session->id());
  EXPECT_NE(created->stat.ephemeral_owner, other_->session()->id());
  EXPECT_EQ(created->connection, client_->get(path_, soon())->connection);
  EXPECT_EQ(other_->get(created->path, soon())->stat, created->stat);
}

TEST_F(CreateContract, EnqueueListsTheQueueAfterTheCreate) {
  const std::string before = claim(other_);
  const std::string persistent = child("a");
  const Result<Enqueued> enqueued =
      client_->enqueue({.directory = path_, .data = "me", .acl = Acl::open()}, soon());
  ASSERT_TRUE(enqueued);
  ASSERT_TRUE(enqueued->queue) << enqueued->queue.error().message();
  EXPECT_THAT(enqueued->queue->names, UnorderedElementsAre(name_of(before), name_of(persistent),
                                                           name_of(enqueued->claim.path)));
  EXPECT_EQ(enqueued->queue->stat, stat(path_));
  EXPECT_EQ(enqueued->queue->stat.pzxid, enqueued->claim.stat.czxid);
  EXPECT_EQ(enqueued->queue->connection, enqueued->claim.connection);
  EXPECT_EQ(enqueued->claim.session, client_->session());
  EXPECT_EQ(other_->get(enqueued->claim.path, soon())->data, "me");
}

TEST_F(CreateContract, EnqueuesWithoutPermissionToListTheQueue) {
  const std::string dark = child("dark", Acl{{Permission::create, "world", "anyone"}});
  const Result<Enqueued> enqueued = client_->enqueue({.directory = dark}, soon());
  ASSERT_TRUE(enqueued);
  EXPECT_EQ(enqueued->queue.error(), ZooKeeperErrc::no_auth);
  EXPECT_TRUE(exists(enqueued->claim.path));
}

TEST_F(CreateContract, NumbersAndZxidsOfClaimsRiseTogether) {
  const auto third = connect();
  std::int64_t last_zxid = 0;
  std::string last_number;
  for (int round = 0; round < 3; ++round) {
    for (const auto& client : {client_, other_, third}) {
      const Result<Enqueued> enqueued = client->enqueue({.directory = path_}, soon());
      ASSERT_TRUE(enqueued);
      EXPECT_GT(enqueued->claim.stat.czxid, last_zxid);
      EXPECT_GT(number_of(enqueued->claim.path), last_number);
      last_zxid = enqueued->claim.stat.czxid;
      last_number = number_of(enqueued->claim.path);
    }
  }
}

}  // namespace
}  // namespace zklock::test
