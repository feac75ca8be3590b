// How long calls wait.
#include <zklock/zookeeper_client.h>

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>

#include "contract/contract.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;

class ContextContract : public ContractTest {
 protected:
  void expect_all_fail(const Context& context, ZooKeeperErrc error) {
    EXPECT_EQ(client_->get(path_, context).error(), error);
    EXPECT_EQ(client_->get_and_watch(path_, watcher(), context).error(), error);
    EXPECT_EQ(client_->set(path_, "", kAny, context).error(), error);
    EXPECT_EQ(client_->remove(path_ + "/none", kAny, context).error(), error);
    EXPECT_EQ(client_->children(path_, context).error(), error);
    EXPECT_EQ(client_->check(path_, kAny, context).error(), error);
    EXPECT_EQ(client_->create(path_ + "/a", "", Acl::open(), context).error(), error);
    EXPECT_EQ(client_->enqueue({.directory = path_}, context).error(), error);
    EXPECT_EQ(
        client_->create_protected_ephemeral_sequential(path_ + "/lock-", "", Acl::open(), context)
            .error(),
        error);
  }
};

TEST_F(ContextContract, WithoutAConnectionCallsWaitForOneUntilTheDeadline) {
  cut(client_);
  expect_all_fail(briefly(), ZooKeeperErrc::operation_timeout);
  expect_all_fail(Context().with_timeout(-1s), ZooKeeperErrc::operation_timeout);
  world_->restore(client_);
  ASSERT_TRUE(client_->get(path_, soon()));
  EXPECT_EQ(stat(path_).version, 0) << "what was not sent is not done";
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(ContextContract, WithoutAConnectionCallsWaitUntilTheyAreCancelled) {
  cut(client_);
  std::stop_source source;
  const Context context = soon().with_stop_token(source.get_token());
  auto read = in_background([&] { return client_->get(path_, context); });
  auto enqueued = in_background([&] { return client_->enqueue({.directory = path_}, context); });
  source.request_stop();
  EXPECT_EQ(read.get().error(), ZooKeeperErrc::canceled);
  EXPECT_EQ(enqueued.get().error(), ZooKeeperErrc::canceled);
  expect_all_fail(context, ZooKeeperErrc::canceled);
  world_->restore(client_);
  ASSERT_TRUE(client_->get(path_, soon()));
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(ContextContract, CallsContinueWhenTheConnectionIsBack) {
  cut(client_);
  auto read = in_background([&] { return client_->get(path_, soon()); });
  auto set = in_background([&] { return client_->set(path_, "new", kAny, soon()); });
  EXPECT_EQ(stat(path_).version, 0);
  world_->restore(client_);
  EXPECT_TRUE(read.get());
  EXPECT_TRUE(set.get());
  EXPECT_EQ(other_->get(path_, soon())->data, "new");
}

TEST_F(ContextContract, CallsOnASilentConnectionWaitUntilTheDeadline) {
  world_->stall(client_);
  expect_all_fail(briefly(), ZooKeeperErrc::operation_timeout);
  std::stop_source source;
  source.request_stop();
  expect_all_fail(soon().with_stop_token(source.get_token()), ZooKeeperErrc::canceled);
  EXPECT_EQ(stat(path_).version, 0);
  world_->restore(client_);
  // The network has kept what was sent: it is carried out late, but no claim stays.
  EXPECT_TRUE(await([&] { return stat(path_).version == 2; }));
  EXPECT_TRUE(await([&] { return exists(path_ + "/a"); }));
  EXPECT_TRUE(await([&] { return names().size() == 1; }));
  EXPECT_TRUE(await([&] { return client_->pending_removals().count == 0; }));
}

TEST_F(ContextContract, SilentConnectionIsDroppedAfterTwoThirdsOfTheSessionTimeout) {
  const auto client = connect({.session_timeout = kShortSession});
  const Result<Znode> before = client->get(path_, soon());
  ASSERT_TRUE(before);
  world_->stall(client);
  EXPECT_EQ(client->get(path_, soon()).error(), ZooKeeperErrc::operation_timeout);
  world_->restore(client);
  const Result<Znode> after = client->get(path_, soon());
  ASSERT_TRUE(after);
  EXPECT_GT(after->connection, before->connection);
}

TEST_F(ContextContract, BrokenConnectionEndsPendingCalls) {
  world_->stall(client_);
  auto read = in_background([&] { return client_->get(path_, soon()); });
  auto set = in_background([&] { return client_->set(path_, "new", kAny, soon()); });
  ASSERT_FALSE(client_->get(path_, briefly())) << "they have been sent, or so";
  world_->break_connection(client_);
  world_->restore(client_);
  // Either they were under way, or they waited for the next connection.
  const std::error_code error = set.get().error();
  EXPECT_TRUE(!error || error == ZooKeeperErrc::connection_loss) << error.message();
  const std::error_code read_error = read.get().error();
  EXPECT_TRUE(!read_error || read_error == ZooKeeperErrc::connection_loss) << read_error.message();
}

TEST_F(ContextContract, ExpiredContextLeavesNoClaim) {
  const Context expired = Context().with_timeout(-1s);
  for (int round = 0; round < 3; ++round) {
    const Result<Enqueued> enqueued = client_->enqueue({.directory = path_}, expired);
    if (!enqueued) {
      EXPECT_EQ(enqueued.error(), ZooKeeperErrc::operation_timeout);
    } else {  // an answer that is there before anybody waits for it counts
      EXPECT_TRUE(client_->remove(enqueued->claim.path, kAny, soon()));
    }
  }
  ASSERT_TRUE(client_->get(path_, soon()));  // behind what they may have sent
  EXPECT_TRUE(await([&] { return client_->pending_removals().count == 0 && names().empty(); }));
}

}  // namespace
}  // namespace zklock::test
