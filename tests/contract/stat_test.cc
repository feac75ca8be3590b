// What the server says of nodes besides their data.
#include <zklock/zookeeper_client.h>

#include <string>

#include "contract/contract.h"

namespace zklock::test {
namespace {

using StatContract = ContractTest;

TEST_F(StatContract, OfANewNode) {
  const Result<Created> created = client_->create(path_ + "/a", "four", Acl::open(), soon());
  ASSERT_TRUE(created);
  const Stat stat = created->stat;
  EXPECT_GT(stat.czxid, 0);
  EXPECT_EQ(stat.mzxid, stat.czxid);
  EXPECT_EQ(stat.pzxid, stat.czxid);
  EXPECT_GT(stat.ctime, Stat::Time());
  EXPECT_EQ(stat.mtime, stat.ctime);
  EXPECT_EQ(stat.version, 0);
  EXPECT_EQ(stat.cversion, 0);
  EXPECT_EQ(stat.aversion, 0);
  EXPECT_EQ(stat.ephemeral_owner, 0);
  EXPECT_EQ(stat.data_length, 4);
  EXPECT_EQ(stat.num_children, 0);
}

TEST_F(StatContract, OfANewClaim) {
  const Result<Enqueued> enqueued = client_->enqueue({.directory = path_, .data = "four"}, soon());
  ASSERT_TRUE(enqueued);
  const Stat stat = enqueued->claim.stat;
  EXPECT_GT(stat.czxid, 0);
  EXPECT_EQ(stat.mzxid, stat.czxid);
  EXPECT_EQ(stat.pzxid, stat.czxid);
  EXPECT_EQ(stat.mtime, stat.ctime);
  EXPECT_EQ(stat.version, 0);
  EXPECT_EQ(stat.ephemeral_owner, client_->session()->id());
  EXPECT_EQ(stat.data_length, 4);
}

TEST_F(StatContract, AfterAChange) {
  const Stat before = stat(path_);
  const Result<Stat> after = client_->set(path_, "longer data", kAny, soon());
  ASSERT_TRUE(after);
  EXPECT_EQ(*after, stat(path_));
  EXPECT_GT(after->mzxid, before.mzxid);
  EXPECT_GE(after->mtime, before.mtime);
  EXPECT_EQ(after->version, 1);
  EXPECT_EQ(after->data_length, 11);
  // The rest is as it was.
  Stat expected = before;
  expected.mzxid = after->mzxid;
  expected.mtime = after->mtime;
  expected.version = 1;
  expected.data_length = 11;
  EXPECT_EQ(*after, expected);
}

TEST_F(StatContract, AfterAChangeToTheSame) {
  const Stat before = stat(path_);
  const Result<Stat> after = client_->set(path_, "data", kAny, soon());
  ASSERT_TRUE(after);
  EXPECT_GT(after->mzxid, before.mzxid);
  EXPECT_EQ(after->version, 1);
}

TEST_F(StatContract, AfterAChildWasCreated) {
  const Stat before = stat(path_);
  const Result<Created> created = client_->create(path_ + "/a", "", Acl::open(), soon());
  ASSERT_TRUE(created);
  Stat expected = before;
  expected.pzxid = created->stat.czxid;
  expected.cversion = 1;
  expected.num_children = 1;
  EXPECT_EQ(stat(path_), expected);
}

TEST_F(StatContract, AfterChildrenWereRemoved) {
  const std::string a = child("a");
  child("b");
  const Stat before = stat(path_);
  EXPECT_EQ(before.cversion, 2);
  ASSERT_TRUE(client_->remove(a, kAny, soon()));
  const Stat after = stat(path_);
  EXPECT_GT(after.pzxid, before.pzxid);
  Stat expected = before;
  expected.pzxid = after.pzxid;
  expected.cversion = 3;
  expected.num_children = 1;
  EXPECT_EQ(after, expected);
  ASSERT_TRUE(client_->remove(path_ + "/b", kAny, soon()));
  EXPECT_EQ(stat(path_).cversion, 4);
  EXPECT_EQ(stat(path_).num_children, 0);
}

TEST_F(StatContract, AfterAChildChanged) {
  const std::string a = child("a");
  ASSERT_TRUE(client_->create(a + "/below", "", Acl::open(), soon()));
  const Stat before = stat(path_);
  ASSERT_TRUE(client_->set(a, "", kAny, soon()));
  ASSERT_TRUE(client_->remove(a + "/below", kAny, soon()));
  EXPECT_EQ(stat(path_), before);
}

TEST_F(StatContract, AfterTheSessionOfItsChildrenEnded) {
  claim(client_);
  claim(client_);
  const Stat before = stat(path_);
  EXPECT_EQ(before.num_children, 2);
  ASSERT_TRUE(client_->close(soon()));
  const Stat after = stat(path_);
  EXPECT_EQ(after.num_children, 0);
  EXPECT_EQ(after.cversion, 4);
  EXPECT_GT(after.pzxid, before.pzxid);
  EXPECT_EQ(after.mzxid, before.mzxid);
}

TEST_F(StatContract, AfterFailedWrites) {
  const std::string a = child("a");
  const Stat before = stat(path_);
  EXPECT_FALSE(client_->set(path_, "", 7, soon()));
  EXPECT_FALSE(client_->remove(path_, kAny, soon()));
  EXPECT_FALSE(client_->remove(a, 7, soon()));
  EXPECT_FALSE(client_->create(a, "", Acl::open(), soon()));
  EXPECT_FALSE(client_->check(path_, 7, soon()));
  EXPECT_EQ(stat(path_), before);
}

TEST_F(StatContract, OfARecreatedNodeStartsAgain) {
  const std::string a = child("a");
  change(a);
  const Stat before = stat(a);
  ASSERT_TRUE(other_->remove(a, kAny, soon()));
  child("a");
  const Stat after = stat(a);
  EXPECT_GT(after.czxid, before.mzxid);
  EXPECT_EQ(after.mzxid, after.czxid);
  EXPECT_GE(after.ctime, before.ctime);
  EXPECT_EQ(after.version, 0);
}

TEST_F(StatContract, OfTheRootHasNoCzxid) {
  const Stat root = stat("/");
  EXPECT_EQ(root.czxid, 0);
  EXPECT_EQ(root.ctime, Stat::Time());
  EXPECT_EQ(root.ephemeral_owner, 0);
  EXPECT_GT(root.pzxid, 0);
}

TEST_F(StatContract, IsTheSameForEverySessionAndEveryRead) {
  child("a");
  change(path_);
  const Result<Znode> read = client_->get(path_, soon());
  const Result<Znode> watched = client_->get_and_watch(path_, watcher(), soon());
  const Result<Children> listed = client_->children(path_, soon());
  ASSERT_TRUE(read && watched && listed);
  EXPECT_EQ(read->stat, stat(path_));
  EXPECT_EQ(watched->stat, stat(path_));
  EXPECT_EQ(listed->stat, stat(path_));
}

TEST_F(StatContract, OrdersAllWritesByZxid) {
  const Result<Created> created = client_->create(path_ + "/a", "", Acl::open(), soon());
  ASSERT_TRUE(created);
  const Result<Stat> set = other_->set(path_, "", kAny, soon());
  ASSERT_TRUE(set);
  EXPECT_GT(set->mzxid, created->stat.czxid);
  ASSERT_TRUE(client_->remove(path_ + "/a", kAny, soon()));
  EXPECT_GT(stat(path_).pzxid, set->mzxid);
}

}  // namespace
}  // namespace zklock::test
