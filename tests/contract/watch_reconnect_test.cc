// Watches: events that happen while the client has no connection.
#include <zklock/zookeeper_client.h>

#include <memory>
#include <string>

#include "contract/contract.h"

namespace zklock::test {
namespace {

using ::testing::ElementsAre;

using WatchReconnectContract = ContractTest;

TEST_F(WatchReconnectContract, ReportsTheReconnect) {
  const auto watching = watcher();
  const Result<Znode> znode = client_->get_and_watch(path_, watching, soon());
  ASSERT_TRUE(znode);
  world_->break_connection(client_);
  ASSERT_TRUE(await([&] { return watching->count() == 1; }));
  const WatchEvent event = watching->events().front();
  EXPECT_EQ(event.type, Type::reconnected);
  EXPECT_EQ(event.path, path_);
  EXPECT_EQ(event.connection, znode->connection + 1);
}

TEST_F(WatchReconnectContract, WorksOnTheNewConnection) {
  const auto watching = watcher();
  ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
  reconnect(client_);
  change(path_);
  change(path_);
  const Result<Znode> znode = client_->get(path_, soon());
  ASSERT_TRUE(znode);
  EXPECT_THAT(watching->types(), ElementsAre(Type::reconnected, Type::changed));
  EXPECT_EQ(watching->events()[1].connection, znode->connection);
}

TEST_F(WatchReconnectContract, ReportsADeletionWhileDisconnected) {
  const auto watching = watcher();
  const Result<Znode> znode = client_->get_and_watch(path_, watching, soon());
  ASSERT_TRUE(znode);
  world_->cut(client_);
  ASSERT_TRUE(other_->remove(path_, kAny, soon()));
  world_->restore(client_);
  ASSERT_TRUE(await([&] { return watching->count() == 2; }));
  EXPECT_THAT(watching->types(), ElementsAre(Type::reconnected, Type::deleted));
  EXPECT_EQ(watching->events()[0].connection, znode->connection + 1);
  EXPECT_EQ(watching->events()[1].connection, znode->connection + 1);
}

TEST_F(WatchReconnectContract, ReportsAChangeWhileDisconnected) {
  const auto watching = watcher();
  ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
  world_->cut(client_);
  change(path_);
  world_->restore(client_);
  ASSERT_TRUE(await([&] { return watching->count() == 2; }));
  EXPECT_THAT(watching->types(), ElementsAre(Type::reconnected, Type::changed));
}

TEST_F(WatchReconnectContract, ReportsDeletionAndRecreationAsAChange) {
  const std::string a = child("a");
  const auto watching = watcher();
  ASSERT_TRUE(client_->get_and_watch(a, watching, soon()));
  world_->cut(client_);
  ASSERT_TRUE(other_->remove(a, kAny, soon()));
  child("a");
  world_->restore(client_);
  ASSERT_TRUE(await([&] { return watching->count() == 2; }));
  EXPECT_THAT(watching->types(), ElementsAre(Type::reconnected, Type::changed));
}

TEST_F(WatchReconnectContract, ReportsOnlyTheLastOfSeveralEventsWhileDisconnected) {
  const auto watching = watcher();
  ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
  world_->cut(client_);
  change(path_);
  ASSERT_TRUE(other_->remove(path_, kAny, soon()));
  world_->restore(client_);
  ASSERT_TRUE(await([&] { return watching->count() == 2; }));
  EXPECT_EQ(client_->get(path_, soon()).error(), ZooKeeperErrc::no_node);
  EXPECT_THAT(watching->types(), ElementsAre(Type::reconnected, Type::deleted));
}

TEST_F(WatchReconnectContract, IgnoresChangesOfChildrenWhileDisconnected) {
  const auto watching = watcher();
  ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
  world_->cut(client_);
  child("a");
  world_->restore(client_);
  ASSERT_TRUE(await([&] { return watching->count() == 1; }));
  change(path_);
  ASSERT_TRUE(client_->get(path_, soon()));
  EXPECT_THAT(watching->types(), ElementsAre(Type::reconnected, Type::changed));
}

TEST_F(WatchReconnectContract, DoesNotRepeatEventsFromBeforeTheBreak) {
  const auto watching = watcher();
  ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
  change(path_);
  ASSERT_TRUE(await([&] { return watching->count() == 1; }));
  reconnect(client_);
  change(path_);
  ASSERT_TRUE(client_->get(path_, soon()));
  EXPECT_THAT(watching->types(), ElementsAre(Type::changed)) << "not even of the reconnect";
}

TEST_F(WatchReconnectContract, DoesNotReportChangesThatTheClientHasRead) {
  // The last that the client saw is newer than the change.
  change(path_);
  const auto watching = watcher();
  ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
  reconnect(client_);
  ASSERT_TRUE(client_->get(path_, soon()));
  EXPECT_THAT(watching->types(), ElementsAre(Type::reconnected));
}

TEST_F(WatchReconnectContract, NotifiesEveryWatcherOfThePath) {
  const auto first = watcher();
  const auto second = watcher();
  ASSERT_TRUE(client_->get_and_watch(path_, first, soon()));
  ASSERT_TRUE(client_->get_and_watch(path_, second, soon()));
  world_->cut(client_);
  ASSERT_TRUE(other_->remove(path_, kAny, soon()));
  world_->restore(client_);
  ASSERT_TRUE(await([&] { return first->count() == 2 && second->count() == 2; }));
  EXPECT_THAT(first->types(), ElementsAre(Type::reconnected, Type::deleted));
  EXPECT_THAT(second->types(), ElementsAre(Type::reconnected, Type::deleted));
}

TEST_F(WatchReconnectContract, SurvivesSeveralBreaks) {
  const auto watching = watcher();
  ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
  for (std::size_t breaks = 1; breaks <= 3; ++breaks) {
    reconnect(client_);
    ASSERT_TRUE(await([&] { return watching->count() == breaks; }));
  }
  ASSERT_TRUE(client_->remove(path_, kAny, soon()));
  EXPECT_THAT(watching->types(),
              ElementsAre(Type::reconnected, Type::reconnected, Type::reconnected, Type::deleted));
}

TEST_F(WatchReconnectContract, InTheBackgroundWithoutAConnectionReportsTheReconnect) {
  cut(client_);
  const auto watching = watcher();
  client_->watch_in_background(path_, watching);
  world_->restore(client_);
  ASSERT_TRUE(await([&] { return watching->count() == 1; }));
  EXPECT_EQ(watching->types().front(), Type::reconnected);
  // That is when it is to be set again.
  client_->watch_in_background(path_, watching);
  ASSERT_TRUE(client_->remove(path_, kAny, soon()));
  EXPECT_THAT(watching->types(), ElementsAre(Type::reconnected, Type::deleted));
}

TEST_F(WatchReconnectContract, ReportsAnEventAfterASilence) {
  const auto client = connect({.session_timeout = kShortSession});
  const auto watching = watcher();
  ASSERT_TRUE(client->get_and_watch(path_, watching, soon()));
  world_->stall(client);
  change(path_);
  EXPECT_EQ(client->get(path_, briefly()).error(), ZooKeeperErrc::operation_timeout);
  EXPECT_EQ(watching->count(), 0U);
  world_->restore(client);
  ASSERT_TRUE(await([&] { return watching->count() == 1; }));
  EXPECT_THAT(watching->types(), ElementsAre(Type::changed)) << "the connection stood";
}

}  // namespace
}  // namespace zklock::test
