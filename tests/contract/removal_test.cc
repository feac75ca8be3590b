// What is removed in the background.
#include <zklock/zookeeper_client.h>

#include <memory>
#include <string>

#include "contract/contract.h"

namespace zklock::test {
namespace {

using ::testing::IsEmpty;

class RemovalContract : public ContractTest {
 protected:
  [[nodiscard]] bool comes_to_nothing(const World::Client& client) {
    return await([&] { return client->pending_removals().count == 0; });
  }
};

TEST_F(RemovalContract, IsDone) {
  const std::string claimed = claim(client_);
  client_->remove_in_background(claimed);
  EXPECT_TRUE(comes_to_nothing(client_));
  EXPECT_FALSE(exists(claimed));
  EXPECT_FALSE(client_->pending_removals().last_error);
}

TEST_F(RemovalContract, IsDoneBeforeLaterRequests) {
  const std::string claimed = claim(client_);
  client_->remove_in_background(claimed);
  EXPECT_EQ(client_->get(claimed, soon()).error(), ZooKeeperErrc::no_node);
}

TEST_F(RemovalContract, OfAMissingNodeSucceeds) {
  const std::string claimed = claim(client_);
  ASSERT_TRUE(other_->remove(claimed, kAny, soon()));
  client_->remove_in_background(claimed);
  EXPECT_TRUE(comes_to_nothing(client_));
  EXPECT_FALSE(client_->pending_removals().last_error);
}

TEST_F(RemovalContract, WaitsForAConnection) {
  const std::string first = claim(client_);
  const std::string second = claim(client_);
  cut(client_);
  client_->remove_in_background(first);
  client_->remove_in_background(second);
  EXPECT_EQ(client_->pending_removals().count, 2U);
  EXPECT_TRUE(exists(first));
  world_->restore(client_);
  EXPECT_TRUE(comes_to_nothing(client_));
  EXPECT_FALSE(exists(first));
  EXPECT_FALSE(exists(second));
}

TEST_F(RemovalContract, EndsWithTheSession) {
  const auto client = connect({.session_timeout = kShortSession});
  const std::string claimed = claim(client);
  const std::shared_ptr<const Session> session = client->session();
  cut(client);
  client->remove_in_background(claimed);
  ASSERT_TRUE(await([&] { return !exists(claimed); }));
  EXPECT_EQ(client->pending_removals().count, 1U) << "nobody has told the client";
  world_->restore(client);
  EXPECT_TRUE(comes_to_nothing(client));
  EXPECT_TRUE(session->lost().stop_requested());
}

TEST_F(RemovalContract, WithoutPermissionEndsTheSession) {
  const std::string directory =
      child("a", Acl{{Permission::read | Permission::create, "world", "anyone"}});
  const Result<Enqueued> enqueued = client_->enqueue({.directory = directory}, soon());
  ASSERT_TRUE(enqueued);
  const std::string elsewhere = claim(client_);
  client_->remove_in_background(enqueued->claim.path);
  EXPECT_TRUE(await([&] { return enqueued->claim.session->lost().stop_requested(); }));
  EXPECT_TRUE(await([&] { return !exists(enqueued->claim.path) && !exists(elsewhere); }));
  EXPECT_TRUE(comes_to_nothing(client_));
  ASSERT_TRUE(client_->get(path_, soon()));
  EXPECT_NE(client_->session(), enqueued->claim.session);
}

TEST_F(RemovalContract, CloseWaitsForIt) {
  const std::string claimed = claim(client_);
  cut(client_);
  client_->remove_in_background(claimed);
  auto closed = in_background([&] { return client_->close(soon()); });
  EXPECT_TRUE(exists(claimed));
  world_->restore(client_);
  EXPECT_TRUE(closed.get());
  EXPECT_FALSE(exists(claimed));
}

TEST_F(RemovalContract, CloseWaitsForItOnlyUntilTheDeadline) {
  const std::string claimed = claim(client_);
  cut(client_);
  client_->remove_in_background(claimed);
  EXPECT_FALSE(client_->close(briefly()));
  EXPECT_TRUE(exists(claimed));
  EXPECT_EQ(client_->pending_removals().count, 0U) << "the session's end will remove it";
  world_->restore(client_);
  EXPECT_TRUE(await([&] { return !exists(claimed); }));
}

TEST_F(RemovalContract, FollowsAnAbandonedCreate) {
  world_->stall(client_);
  EXPECT_EQ(client_->enqueue({.directory = path_}, briefly()).error(),
            ZooKeeperErrc::operation_timeout);
  EXPECT_THAT(names(), IsEmpty());
  world_->restore(client_);
  EXPECT_TRUE(await([&] { return stat(path_).cversion >= 2; })) << "created, and removed";
  EXPECT_TRUE(comes_to_nothing(client_));
  EXPECT_THAT(names(), IsEmpty());
}

}  // namespace
}  // namespace zklock::test
