// What becomes of requests whose answers are lost.
#include <zklock/error.h>
#include <zklock/zookeeper_client.h>

#include <algorithm>
#include <memory>
#include <string>

#include "contract/contract.h"

namespace zklock::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

using LostAnswerContract = ContractTest;

TEST_F(LostAnswerContract, OfACreateIsAConnectionLoss) {
  const std::string path = path_ + "/a";
  auto created = lose_answer(
      client_, [&] { return client_->create(path, "", Acl::open(), soon()); },
      [&] { return exists(path); });
  const std::error_code error = created.get().error();
  EXPECT_EQ(error, ZooKeeperErrc::connection_loss);
  EXPECT_TRUE(may_have_been_done(error));
  EXPECT_TRUE(exists(path));
  EXPECT_EQ(client_->create(path, "", Acl::open(), soon()).error(), ZooKeeperErrc::node_exists);
}

TEST_F(LostAnswerContract, OfASetIsAConnectionLoss) {
  auto set = lose_answer(
      client_, [&] { return client_->set(path_, "new", 0, soon()); },
      [&] { return stat(path_).version == 1; });
  EXPECT_EQ(set.get().error(), ZooKeeperErrc::connection_loss);
  EXPECT_EQ(client_->get(path_, soon())->data, "new");
  EXPECT_EQ(client_->set(path_, "new", 0, soon()).error(), ZooKeeperErrc::bad_version);
}

TEST_F(LostAnswerContract, OfARemoveIsAConnectionLoss) {
  auto removed = lose_answer(
      client_, [&] { return client_->remove(path_, kAny, soon()); },
      [&] { return !exists(path_); });
  EXPECT_EQ(removed.get().error(), ZooKeeperErrc::connection_loss);
  EXPECT_EQ(client_->remove(path_, kAny, soon()).error(), ZooKeeperErrc::no_node);
}

TEST_F(LostAnswerContract, OfAProtectedCreateIsRecovered) {
  auto created = lose_answer(
      client_,
      [&] {
        return client_->create_protected_ephemeral_sequential(path_ + "/lock-", "me", Acl::open(),
                                                              soon());
      },
      [&] { return !names().empty(); });
  const Result<Created> result = created.get();
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_THAT(names(), ElementsAre(name_of(result->path)));
  EXPECT_EQ(result->stat, stat(result->path));
  EXPECT_EQ(result->stat.ephemeral_owner, client_->session()->id());
  EXPECT_EQ(client_->pending_removals().count, 0U);
}

TEST_F(LostAnswerContract, OfAnEnqueueIsRecoveredWithTheQueue) {
  const std::string before = claim(other_);
  auto enqueued = lose_answer(
      client_, [&] { return client_->enqueue({.directory = path_, .data = "me"}, soon()); },
      [&] { return names().size() == 2; });
  const Result<Enqueued> result = enqueued.get();
  ASSERT_TRUE(result) << result.error().message();
  ASSERT_TRUE(result->queue);
  EXPECT_THAT(result->queue->names,
              ::testing::UnorderedElementsAre(name_of(before), name_of(result->claim.path)));
  EXPECT_EQ(result->queue->connection, result->claim.connection);
  EXPECT_EQ(result->claim.stat, stat(result->claim.path));
  EXPECT_THAT(names(), SizeIs(2));
  EXPECT_EQ(other_->get(result->claim.path, soon())->data, "me");
}

TEST_F(LostAnswerContract, OfAClaimThatSomebodyRemovedCreatesAnotherClaim) {
  auto enqueued = lose_answer(
      client_, [&] { return client_->enqueue({.directory = path_}, soon()); },
      [&] { return !names().empty(); }, World::Then::stay_cut);
  ASSERT_EQ(names().size(), 1U);
  const std::string first = names().front();
  ASSERT_TRUE(other_->remove(path_ + "/" + first, kAny, soon()));
  world_->restore(client_);
  const Result<Enqueued> result = enqueued.get();
  ASSERT_TRUE(result);
  EXPECT_NE(name_of(result->claim.path), first);
  EXPECT_THAT(names(), ElementsAre(name_of(result->claim.path)));
}

TEST_F(LostAnswerContract, OfAClaimWhoseSessionEndedCreatesAnotherClaim) {
  const auto client = connect({.session_timeout = kShortSession});
  const std::shared_ptr<const Session> first = client->session();
  auto enqueued = lose_answer(
      client, [&] { return client->enqueue({.directory = path_}, soon()); },
      [&] { return !names().empty(); }, World::Then::stay_cut);
  ASSERT_TRUE(await([&] { return names().empty(); })) << "the session expires";
  world_->restore(client);
  const Result<Enqueued> result = enqueued.get();
  ASSERT_TRUE(result);
  EXPECT_NE(result->claim.session, first);
  EXPECT_EQ(result->claim.session, client->session());
  EXPECT_THAT(names(), ElementsAre(name_of(result->claim.path)));
}

TEST_F(LostAnswerContract, OfAnAbandonedCreateIsFollowedByARemoval) {
  auto enqueued = lose_answer(
      client_, [&] { return client_->enqueue({.directory = path_}, briefly()); },
      [&] { return !names().empty(); }, World::Then::stay_cut);
  EXPECT_EQ(enqueued.get().error(), ZooKeeperErrc::operation_timeout);
  EXPECT_THAT(names(), SizeIs(1));
  EXPECT_TRUE(await([&] { return client_->pending_removals().count == 1; }));
  world_->restore(client_);
  EXPECT_TRUE(await([&] { return client_->pending_removals().count == 0; }));
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(LostAnswerContract, OfARemovalInTheBackgroundIsRecovered) {
  const std::string claimed = claim(client_);
  auto removed = lose_answer(
      client_,
      [&] {
        client_->remove_in_background(claimed);
        return true;
      },
      [&] { return !exists(claimed); });
  EXPECT_TRUE(removed.get());
  EXPECT_TRUE(await([&] { return client_->pending_removals().count == 0; }));
  EXPECT_FALSE(exists(claimed));
}

TEST_F(LostAnswerContract, OfAWatchSetsNoWatch) {
  const auto watching = watcher();
  auto read = lose_answer(
      client_, [&] { return client_->get_and_watch(path_, watching, soon()); },
      [] { return true; });
  const Result<Znode> result = read.get();
  change(path_);
  ASSERT_TRUE(await([&] { return client_->get(path_, soon()).has_value(); }));
  // Nobody sees when the server reads: the connection may have been replaced before the request is
  // sent, which is then reported to the watcher as well.
  EXPECT_TRUE(result || result.error() == ZooKeeperErrc::connection_loss);
  EXPECT_EQ(std::ranges::count(watching->types(), Type::changed), result ? 1 : 0);
}

}  // namespace
}  // namespace zklock::test
