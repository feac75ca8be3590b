// Reading, changing and removing nodes.
#include <zklock/zookeeper_client.h>

#include <cstdint>
#include <string>

#include "contract/contract.h"

namespace zklock::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

using NodeContract = ContractTest;

TEST_F(NodeContract, MissingNodeIsReported) {
  const std::string none = path_ + "/none";
  EXPECT_EQ(client_->get(none, soon()).error(), ZooKeeperErrc::no_node);
  EXPECT_EQ(client_->get_and_watch(none, watcher(), soon()).error(), ZooKeeperErrc::no_node);
  EXPECT_EQ(client_->set(none, "", kAny, soon()).error(), ZooKeeperErrc::no_node);
  EXPECT_EQ(client_->set(none, "", 0, soon()).error(), ZooKeeperErrc::no_node);
  EXPECT_EQ(client_->remove(none, kAny, soon()).error(), ZooKeeperErrc::no_node);
  EXPECT_EQ(client_->remove(none, 0, soon()).error(), ZooKeeperErrc::no_node);
  EXPECT_EQ(client_->remove(none + "/below", kAny, soon()).error(), ZooKeeperErrc::no_node);
  EXPECT_EQ(client_->children(none, soon()).error(), ZooKeeperErrc::no_node);
  EXPECT_EQ(client_->check(none, kAny, soon()).error(), ZooKeeperErrc::no_node);
  EXPECT_EQ(client_->check(none, 0, soon()).error(), ZooKeeperErrc::no_node);
}

TEST_F(NodeContract, IsSetByVersion) {
  EXPECT_EQ(client_->set(path_, "no", 1, soon()).error(), ZooKeeperErrc::bad_version);
  EXPECT_EQ(client_->set(path_, "no", -2, soon()).error(), ZooKeeperErrc::bad_version);
  const Result<Stat> first = client_->set(path_, "one", 0, soon());
  ASSERT_TRUE(first);
  EXPECT_EQ(first->version, 1);
  EXPECT_EQ(client_->set(path_, "no", 0, soon()).error(), ZooKeeperErrc::bad_version);
  EXPECT_EQ(other_->get(path_, soon())->data, "one");
  const Result<Stat> second = client_->set(path_, "two", kAny, soon());
  ASSERT_TRUE(second);
  EXPECT_EQ(second->version, 2);
  EXPECT_EQ(other_->get(path_, soon())->data, "two");
}

TEST_F(NodeContract, IsRemovedByVersion) {
  ASSERT_TRUE(client_->set(path_, "", kAny, soon()));
  EXPECT_EQ(client_->remove(path_, 0, soon()).error(), ZooKeeperErrc::bad_version);
  EXPECT_EQ(client_->remove(path_, -2, soon()).error(), ZooKeeperErrc::bad_version);
  EXPECT_TRUE(client_->remove(path_, 1, soon()));
  EXPECT_FALSE(exists(path_));
  EXPECT_EQ(client_->remove(path_, kAny, soon()).error(), ZooKeeperErrc::no_node);
}

TEST_F(NodeContract, IsNotRemovedWithItsChildren) {
  const std::string below = child("a");
  EXPECT_EQ(client_->remove(path_, kAny, soon()).error(), ZooKeeperErrc::not_empty);
  EXPECT_EQ(client_->remove(path_, 0, soon()).error(), ZooKeeperErrc::not_empty);
  EXPECT_EQ(client_->remove(path_, 1, soon()).error(), ZooKeeperErrc::bad_version)
      << "the version is looked at first";
  EXPECT_TRUE(client_->remove(below, kAny, soon()));
  EXPECT_TRUE(client_->remove(path_, kAny, soon()));
}

TEST_F(NodeContract, IsCheckedByVersion) {
  const Stat before = stat(path_);
  EXPECT_TRUE(client_->check(path_, kAny, soon()));
  EXPECT_TRUE(client_->check(path_, 0, soon()));
  EXPECT_EQ(client_->check(path_, 1, soon()).error(), ZooKeeperErrc::bad_version);
  EXPECT_EQ(client_->check(path_, -2, soon()).error(), ZooKeeperErrc::bad_version);
  EXPECT_EQ(stat(path_), before) << "checking changes nothing";
  change(path_);
  EXPECT_EQ(client_->check(path_, 0, soon()).error(), ZooKeeperErrc::bad_version);
  EXPECT_TRUE(client_->check(path_, 1, soon()));
}

TEST_F(NodeContract, IsSetToUpToAMegabyte) {
  const std::string much(1'000'000, 'x');
  EXPECT_TRUE(client_->set(path_, much, 0, soon()));
  EXPECT_EQ(client_->set(path_, much + "x", kAny, soon()).error(), ZooKeeperErrc::bad_arguments);
  EXPECT_EQ(other_->get(path_, soon())->data, much);
  EXPECT_EQ(stat(path_).data_length, 1'000'000);
}

TEST_F(NodeContract, KeepsAnyBytes) {
  const std::string bytes("\0\xff\0", 3);
  ASSERT_TRUE(client_->set(path_, bytes, kAny, soon()));
  EXPECT_EQ(other_->get(path_, soon())->data, bytes);
  ASSERT_TRUE(client_->set(path_, "", kAny, soon()));
  EXPECT_EQ(other_->get(path_, soon())->data, "");
}

TEST_F(NodeContract, ListsItsChildrenByName) {
  EXPECT_THAT(client_->children(path_, soon())->names, IsEmpty());
  const std::string a = child("a");
  child("b");
  child("ab");
  ASSERT_TRUE(client_->create(a + "/below", "", Acl::open(), soon()));
  const Result<Children> children = client_->children(path_, soon());
  ASSERT_TRUE(children);
  EXPECT_THAT(children->names, UnorderedElementsAre("a", "ab", "b"));
  EXPECT_EQ(children->stat, stat(path_));
  EXPECT_THAT(client_->children(a, soon())->names, ElementsAre("below"));
}

TEST_F(NodeContract, MayBeTheRoot) {
  EXPECT_TRUE(client_->get("/", soon()));
  EXPECT_TRUE(client_->check("/", kAny, soon()));
  EXPECT_TRUE(client_->set("/", "", kAny, soon()));
  const Result<Children> children = client_->children("/", soon());
  ASSERT_TRUE(children);
  EXPECT_THAT(children->names, Contains("zklock-test"));
  EXPECT_EQ(client_->remove("/", kAny, soon()).error(), ZooKeeperErrc::bad_arguments);
}

TEST_F(NodeContract, InvalidPathsAreRefused) {
  for (const std::string path :
       {"", "relative", "//", "/a//b", "/a/", "/a/.", "/a/../b", "/a\x01", "/a\x7f", "/a\xff"}) {
    EXPECT_EQ(client_->get(path, soon()).error(), ZooKeeperErrc::bad_arguments) << path;
    EXPECT_EQ(client_->get_and_watch(path, watcher(), soon()).error(),
              ZooKeeperErrc::bad_arguments);
    EXPECT_EQ(client_->create(path, "", Acl::open(), soon()).error(), ZooKeeperErrc::bad_arguments);
    EXPECT_EQ(client_->set(path, "", kAny, soon()).error(), ZooKeeperErrc::bad_arguments);
    EXPECT_EQ(client_->remove(path, kAny, soon()).error(), ZooKeeperErrc::bad_arguments);
    EXPECT_EQ(client_->children(path, soon()).error(), ZooKeeperErrc::bad_arguments);
    EXPECT_EQ(client_->check(path, kAny, soon()).error(), ZooKeeperErrc::bad_arguments);
    EXPECT_EQ(client_->enqueue({.directory = path}, soon()).error(), ZooKeeperErrc::bad_arguments);
    client_->remove_in_background(path);
    client_->watch_in_background(path, watcher());
  }
  EXPECT_EQ(
      client_->create_protected_ephemeral_sequential("lock-", "", Acl::open(), soon()).error(),
      ZooKeeperErrc::bad_arguments);
  EXPECT_EQ(client_->pending_removals().count, 0U);
}

}  // namespace
}  // namespace zklock::test
