// Watches of a list of children.
#include <zklock/zookeeper_client.h>

#include <memory>
#include <string>
#include <vector>

#include "contract/contract.h"

namespace zklock::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ChildrenWatchContract : public ContractTest {
 protected:
  Result<Children> list_and_watch(const std::shared_ptr<Watcher>& watching) {
    Result<Children> list = client_->children_and_watch(path_, watching, soon());
    EXPECT_TRUE(list) << list.error().message();
    return list;
  }
  /// What was sent to the client by now has arrived.
  void catch_up() { EXPECT_TRUE(client_->get("/", soon())); }
};

TEST_F(ChildrenWatchContract, ReportsANewChild) {
  const std::string first = claim(other_);
  const auto watching = watcher();
  const Result<Children> list = list_and_watch(watching);
  EXPECT_THAT(list->names, ElementsAre(first.substr(path_.size() + 1)));
  EXPECT_EQ(list->stat, stat(path_));
  claim(other_);
  ASSERT_TRUE(await([&] { return watching->count() == 1; }));
  const WatchEvent event = watching->events().front();
  EXPECT_EQ(event.type, Type::children_changed);
  EXPECT_EQ(event.path, path_);
  EXPECT_EQ(event.connection, list->connection);
}

TEST_F(ChildrenWatchContract, ReportsThatAChildWasDeleted) {
  const std::string first = claim(other_);
  const auto watching = watcher();
  EXPECT_TRUE(list_and_watch(watching));
  ASSERT_TRUE(other_->remove(first, kAny, soon()));
  ASSERT_TRUE(await([&] { return watching->count() == 1; }));
  EXPECT_THAT(watching->types(), ElementsAre(Type::children_changed));
}

TEST_F(ChildrenWatchContract, ReportsTheDeletion) {
  const auto watching = watcher();
  EXPECT_TRUE(list_and_watch(watching));
  ASSERT_TRUE(other_->remove(path_, kAny, soon()));
  ASSERT_TRUE(await([&] { return watching->count() == 1; }));
  EXPECT_THAT(watching->types(), ElementsAre(Type::deleted));
}

TEST_F(ChildrenWatchContract, ReportsOneEventOnly) {
  const auto watching = watcher();
  EXPECT_TRUE(list_and_watch(watching));
  claim(other_);
  claim(other_);
  catch_up();
  EXPECT_THAT(watching->types(), ElementsAre(Type::children_changed));
  EXPECT_TRUE(list_and_watch(watching));
  claim(other_);
  catch_up();
  EXPECT_THAT(watching->types(), ElementsAre(Type::children_changed, Type::children_changed));
}

TEST_F(ChildrenWatchContract, IsNotAboutDataNorAboutGrandchildren) {
  const std::string below = child("a");
  const auto watching = watcher();
  EXPECT_TRUE(list_and_watch(watching));
  change(path_);
  change(below);
  ASSERT_TRUE(other_->create(below + "/b", "", Acl::open(), soon()));
  catch_up();
  EXPECT_THAT(watching->types(), IsEmpty());
}

TEST_F(ChildrenWatchContract, IsAnotherOneThanThatOfTheData) {
  const auto of_children = watcher();
  const auto of_data = watcher();
  EXPECT_TRUE(list_and_watch(of_children));
  ASSERT_TRUE(client_->get_and_watch(path_, of_data, soon()));
  const std::string theirs = claim(other_);
  catch_up();
  EXPECT_THAT(of_children->types(), ElementsAre(Type::children_changed));
  EXPECT_THAT(of_data->types(), IsEmpty());
  change(path_);
  catch_up();
  EXPECT_THAT(of_data->types(), ElementsAre(Type::changed));
  EXPECT_TRUE(list_and_watch(of_children));
  ASSERT_TRUE(client_->get_and_watch(path_, of_data, soon()));
  ASSERT_TRUE(other_->remove(theirs, kAny, soon()));
  ASSERT_TRUE(other_->remove(path_, kAny, soon()));
  catch_up();
  EXPECT_THAT(of_children->types(), ElementsAre(Type::children_changed, Type::children_changed));
  EXPECT_THAT(of_data->types(), ElementsAre(Type::changed, Type::deleted));
}

TEST_F(ChildrenWatchContract, ADeletionEndsBothWatches) {
  const auto of_children = watcher();
  const auto of_data = watcher();
  EXPECT_TRUE(list_and_watch(of_children));
  ASSERT_TRUE(client_->get_and_watch(path_, of_data, soon()));
  ASSERT_TRUE(other_->remove(path_, kAny, soon()));
  ASSERT_TRUE(other_->create(path_, "", Acl::open(), soon()));
  claim(other_);
  change(path_);
  catch_up();
  EXPECT_THAT(of_children->types(), ElementsAre(Type::deleted));
  EXPECT_THAT(of_data->types(), ElementsAre(Type::deleted));
}

TEST_F(ChildrenWatchContract, ACallThatFailsSetsNoWatch) {
  const auto watching = watcher();
  const std::string none = path_ + "/none";
  EXPECT_EQ(client_->children_and_watch(none, watching, soon()).error(), ZooKeeperErrc::no_node);
  ASSERT_TRUE(other_->create(none, "", Acl::open(), soon()));
  ASSERT_TRUE(other_->create(none + "/a", "", Acl::open(), soon()));
  catch_up();
  const std::string dark = child("dark", Acl{{Permission::create, "world", "anyone"}});
  EXPECT_EQ(client_->children_and_watch(dark, watching, soon()).error(), ZooKeeperErrc::no_auth);
  ASSERT_TRUE(other_->create(dark + "/a", "", Acl::open(), soon()));
  catch_up();
  EXPECT_THAT(watching->types(), IsEmpty());
}

TEST_F(ChildrenWatchContract, IsSetAgainAfterAReconnect) {
  const auto watching = watcher();
  EXPECT_TRUE(list_and_watch(watching));
  reconnect(client_);
  claim(other_);
  ASSERT_TRUE(await([&] { return watching->count() == 2; }));
  EXPECT_THAT(watching->types(), ElementsAre(Type::reconnected, Type::children_changed));
}

TEST_F(ChildrenWatchContract, ReportsWhatHappenedWhileDisconnected) {
  const std::string below = child("a");
  const auto of_path = watcher();
  const auto of_child = watcher();
  const auto of_data = watcher();
  EXPECT_TRUE(list_and_watch(of_path));
  ASSERT_TRUE(client_->children_and_watch(below, of_child, soon()));
  ASSERT_TRUE(client_->get_and_watch(below, of_data, soon()));
  world_->cut(client_);
  ASSERT_TRUE(other_->remove(below, kAny, soon()));
  world_->restore(client_);
  ASSERT_TRUE(await(
      [&] { return of_path->count() == 2 && of_child->count() == 2 && of_data->count() == 2; }));
  EXPECT_THAT(of_path->types(), ElementsAre(Type::reconnected, Type::children_changed));
  EXPECT_THAT(of_child->types(), ElementsAre(Type::reconnected, Type::deleted));
  EXPECT_THAT(of_data->types(), ElementsAre(Type::reconnected, Type::deleted));
}

TEST_F(ChildrenWatchContract, EndsWithTheSession) {
  const auto expiring = connect({.session_timeout = kShortSession});
  const auto watching = watcher();
  ASSERT_TRUE(expiring->children_and_watch(path_, watching, soon()));
  world_->expire_session(expiring);
  ASSERT_TRUE(await(
      [&] { return watching->count() > 0 && watching->types().back() == Type::session_lost; }));
}

}  // namespace
}  // namespace zklock::test
