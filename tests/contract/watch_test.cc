// Watches: events that happen while the client is connected.
#include <zklock/zookeeper_client.h>

#include <memory>
#include <string>
#include <vector>

#include "contract/contract.h"

namespace zklock::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using WatchContract = ContractTest;

TEST_F(WatchContract, ReportsAChange) {
  const auto watching = watcher();
  const Result<Znode> znode = client_->get_and_watch(path_, watching, soon());
  ASSERT_TRUE(znode);
  EXPECT_EQ(znode->data, "data");
  change(path_);
  ASSERT_TRUE(await([&] { return watching->count() == 1; }));
  const WatchEvent event = watching->events().front();
  EXPECT_EQ(event.type, Type::changed);
  EXPECT_EQ(event.path, path_);
  EXPECT_EQ(event.connection, znode->connection);
}

TEST_F(WatchContract, ReportsADeletion) {
  const auto watching = watcher();
  const Result<Znode> znode = client_->get_and_watch(path_, watching, soon());
  ASSERT_TRUE(znode);
  ASSERT_TRUE(other_->remove(path_, kAny, soon()));
  ASSERT_TRUE(await([&] { return watching->count() == 1; }));
  const WatchEvent event = watching->events().front();
  EXPECT_EQ(event.type, Type::deleted);
  EXPECT_EQ(event.path, path_);
  EXPECT_EQ(event.connection, znode->connection);
}

TEST_F(WatchContract, NotifiesWatchersThatAreNotPrompt) {
  const auto watching = watcher(false);
  ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
  change(path_);
  ASSERT_TRUE(await([&] { return watching->count() == 1; }));
  ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
  ASSERT_TRUE(other_->remove(path_, kAny, soon()));
  ASSERT_TRUE(await([&] { return watching->count() == 2; }));
  EXPECT_THAT(watching->types(), ElementsAre(Type::changed, Type::deleted));
}

TEST_F(WatchContract, ReportsTheDeletionWhenTheNodesSessionEnds) {
  const std::string theirs = claim(other_);
  const auto watching = watcher();
  ASSERT_TRUE(client_->get_and_watch(theirs, watching, soon()));
  ASSERT_TRUE(other_->close(soon()));
  ASSERT_TRUE(await([&] { return watching->count() == 1; }));
  EXPECT_EQ(watching->types().front(), Type::deleted);
}

TEST_F(WatchContract, ReportsOneEventOnly) {
  const auto watching = watcher();
  ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
  change(path_);
  change(path_);
  ASSERT_TRUE(other_->remove(path_, kAny, soon()));
  EXPECT_EQ(client_->get(path_, soon()).error(), ZooKeeperErrc::no_node);
  EXPECT_THAT(watching->types(), ElementsAre(Type::changed));
}

TEST_F(WatchContract, IsSetAgainByTheNextRead) {
  const auto watching = watcher();
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
    change(path_);
    ASSERT_TRUE(client_->get(path_, soon()));  // the event has come
  }
  EXPECT_THAT(watching->types(), ElementsAre(Type::changed, Type::changed, Type::changed));
}

TEST_F(WatchContract, MissesNothingWhenItIsSetWhileAnotherOneFires) {
  for (int round = 0; round < 20; ++round) {
    const auto first = watcher();
    const auto second = watcher();
    ASSERT_TRUE(client_->get_and_watch(path_, first, soon()));
    change(path_);
    // The event may come before or after this is sent: the second one gets it, or it is over.
    const Result<Znode> znode = client_->get_and_watch(path_, second, soon());
    ASSERT_TRUE(znode);
    EXPECT_EQ(first->count(), 1U);
    change(path_);
    EXPECT_GT(client_->get(path_, soon())->stat.version, znode->stat.version);
    EXPECT_EQ(second->count(), 1U);
  }
}

TEST_F(WatchContract, ReportsAChangeToTheSameData) {
  const auto watching = watcher();
  ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
  ASSERT_TRUE(other_->set(path_, "data", kAny, soon()));
  ASSERT_TRUE(client_->get(path_, soon()));
  EXPECT_THAT(watching->types(), ElementsAre(Type::changed));
}

TEST_F(WatchContract, IgnoresChildrenReadsAndChecks) {
  const auto watching = watcher();
  ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
  const std::string a = child("a");
  change(a);
  claim(client_);
  ASSERT_TRUE(other_->remove(a, kAny, soon()));
  ASSERT_TRUE(other_->check(path_, kAny, soon()));
  EXPECT_FALSE(other_->set(path_, "", 7, soon()));
  EXPECT_FALSE(other_->remove(path_, kAny, soon()));
  ASSERT_TRUE(client_->get(path_, soon()));
  EXPECT_THAT(watching->types(), IsEmpty());
  change(path_);
  ASSERT_TRUE(client_->get(path_, soon()));
  EXPECT_THAT(watching->types(), ElementsAre(Type::changed));
}

TEST_F(WatchContract, NotifiesEveryWatcherOfAPathOnce) {
  const std::vector<std::shared_ptr<RingingWatcher>> watchers = {watcher(), watcher(),
                                                                 watcher(false)};
  for (const auto& watching : watchers) {
    ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
  }
  ASSERT_TRUE(client_->get_and_watch(path_, watchers[0], soon())) << "once more";
  change(path_);
  for (const auto& watching : watchers) {
    ASSERT_TRUE(await([&] { return watching->count() == 1; }));
  }
  change(path_);
  ASSERT_TRUE(client_->get(path_, soon()));
  EXPECT_EQ(watchers[0]->count(), 1U);
  EXPECT_EQ(watchers[1]->count(), 1U);
}

TEST_F(WatchContract, NotifiesOneWatcherOfManyPaths) {
  const auto watching = watcher();
  const std::string a = child("a");
  const std::string b = child("b");
  ASSERT_TRUE(client_->get_and_watch(a, watching, soon()));
  ASSERT_TRUE(client_->get_and_watch(b, watching, soon()));
  ASSERT_TRUE(other_->remove(b, kAny, soon()));
  change(a);
  ASSERT_TRUE(await([&] { return watching->count() == 2; }));
  EXPECT_EQ(watching->events()[0].path, b);
  EXPECT_EQ(watching->events()[0].type, Type::deleted);
  EXPECT_EQ(watching->events()[1].path, a);
  EXPECT_EQ(watching->events()[1].type, Type::changed);
}

TEST_F(WatchContract, NotifiesEverySession) {
  const auto ours = watcher();
  const auto theirs = watcher();
  ASSERT_TRUE(client_->get_and_watch(path_, ours, soon()));
  ASSERT_TRUE(other_->get_and_watch(path_, theirs, soon()));
  ASSERT_TRUE(client_->set(path_, "", kAny, soon()));
  EXPECT_THAT(ours->types(), ElementsAre(Type::changed));
  ASSERT_TRUE(await([&] { return theirs->count() == 1; }));
}

TEST_F(WatchContract, DoesNotNotifyADroppedWatcher) {
  const auto kept = watcher();
  auto dropped = watcher();
  const std::weak_ptr<RingingWatcher> weak = dropped;
  ASSERT_TRUE(client_->get_and_watch(path_, dropped, soon()));
  ASSERT_TRUE(client_->get_and_watch(path_, kept, soon()));
  dropped.reset();
  EXPECT_TRUE(weak.expired()) << "nobody else keeps it";
  change(path_);
  ASSERT_TRUE(await([&] { return kept->count() == 1; }));
}

TEST_F(WatchContract, NotifiesTheWatcherThatFollowsADroppedOne) {
  ASSERT_TRUE(client_->get_and_watch(path_, watcher(), soon()));
  const auto watching = watcher();
  ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
  change(path_);
  ASSERT_TRUE(await([&] { return watching->count() == 1; }));
}

TEST_F(WatchContract, IsNotSetOnAMissingNode) {
  const auto watching = watcher();
  const std::string later = path_ + "/later";
  EXPECT_EQ(client_->get_and_watch(later, watching, soon()).error(), ZooKeeperErrc::no_node);
  child("later");
  change(later);
  ASSERT_TRUE(client_->get(later, soon()));
  EXPECT_THAT(watching->types(), IsEmpty());
}

TEST_F(WatchContract, IsOverOnceTheNodeIsDeleted) {
  const std::string a = child("a");
  const auto watching = watcher();
  ASSERT_TRUE(client_->get_and_watch(a, watching, soon()));
  ASSERT_TRUE(other_->remove(a, kAny, soon()));
  child("a");
  change(a);
  ASSERT_TRUE(client_->get(a, soon()));
  EXPECT_THAT(watching->types(), ElementsAre(Type::deleted));
}

// --- Order --------------------------------------------------------------------------------------

TEST_F(WatchContract, ReportsAChangeBeforeAReadShowsIt) {
  for (int round = 0; round < 20; ++round) {
    const std::string a = child("a");
    const auto watching = watcher();
    ASSERT_TRUE(client_->get_and_watch(a, watching, soon()));
    ASSERT_TRUE(other_->remove(a, kAny, soon()));
    EXPECT_EQ(client_->get(a, soon()).error(), ZooKeeperErrc::no_node);
    EXPECT_THAT(watching->types(), ElementsAre(Type::deleted));
  }
}

TEST_F(WatchContract, ReportsTheClientsOwnWritesBeforeTheirAnswers) {
  const auto watching = watcher();
  ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
  ASSERT_TRUE(client_->set(path_, "", kAny, soon()));
  EXPECT_THAT(watching->types(), ElementsAre(Type::changed));
  ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
  ASSERT_TRUE(client_->remove(path_, kAny, soon()));
  EXPECT_THAT(watching->types(), ElementsAre(Type::changed, Type::deleted));
}

TEST_F(WatchContract, ReportsSeveralNodesInTheOrderOfTheirChanges) {
  const auto watching = watcher();
  std::vector<std::string> paths;
  for (const char* name : {"c", "a", "d", "b"}) {
    paths.push_back(child(name));
    ASSERT_TRUE(client_->get_and_watch(paths.back(), watching, soon()));
  }
  for (const std::string& path : paths) change(path);
  ASSERT_TRUE(client_->get(path_, soon()));
  std::vector<std::string> told;
  for (const WatchEvent& event : watching->events()) told.push_back(event.path);
  EXPECT_EQ(told, paths);
}

// --- In the background --------------------------------------------------------------------------

TEST_F(WatchContract, InTheBackgroundReportsLaterEvents) {
  const auto watching = watcher();
  client_->watch_in_background(path_, watching);
  // Its request goes ahead of this one.
  ASSERT_TRUE(client_->set(path_, "", kAny, soon()));
  EXPECT_THAT(watching->types(), ElementsAre(Type::changed));
}

TEST_F(WatchContract, InTheBackgroundReportsAMissingNodeAsDeleted) {
  const auto watching = watcher();
  client_->watch_in_background(path_ + "/none", watching);
  ASSERT_TRUE(await([&] { return watching->count() == 1; }));
  EXPECT_EQ(watching->events().front().type, Type::deleted);
  EXPECT_EQ(watching->events().front().path, path_ + "/none");
}

TEST_F(WatchContract, InTheBackgroundSharesAnExistingWatch) {
  const auto first = watcher();
  const auto second = watcher();
  ASSERT_TRUE(client_->get_and_watch(path_, first, soon()));
  client_->watch_in_background(path_, second);
  ASSERT_TRUE(client_->remove(path_, kAny, soon()));
  EXPECT_THAT(first->types(), ElementsAre(Type::deleted));
  EXPECT_THAT(second->types(), ElementsAre(Type::deleted));
}

}  // namespace
}  // namespace zklock::test
