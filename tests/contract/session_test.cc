// Sessions: how they begin, what they survive, and how they end.
#include <zklock/zookeeper_client.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "contract/contract.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using SessionContract = ContractTest;

TEST_F(SessionContract, HasAnIdOfItsOwn) {
  const std::shared_ptr<const Session> ours = client_->session();
  const std::shared_ptr<const Session> theirs = other_->session();
  ASSERT_TRUE(ours && theirs);
  EXPECT_NE(ours->id(), 0);
  EXPECT_NE(ours->id(), theirs->id());
  EXPECT_FALSE(ours->lost().stop_requested());
  EXPECT_FALSE(client_->session_lost().stop_requested());
}

TEST_F(SessionContract, HasTheTimeoutThatTheServerGrants) {
  EXPECT_EQ(connect({.session_timeout = 7'000ms})->session()->timeout(), 7'000ms);
  EXPECT_EQ(connect({.session_timeout = 1ms})->session()->timeout(), 400ms);
  EXPECT_EQ(connect({.session_timeout = 1h})->session()->timeout(), 60'000ms);
}

TEST_F(SessionContract, OutlivesTheConnection) {
  const std::shared_ptr<const Session> session = client_->session();
  const std::string claimed = claim(client_);
  const Result<Znode> before = client_->get(claimed, soon());
  ASSERT_TRUE(before);
  reconnect(client_);
  const Result<Znode> after = client_->get(claimed, soon());
  ASSERT_TRUE(after);
  EXPECT_EQ(after->connection, before->connection + 1);
  EXPECT_EQ(after->stat, before->stat);
  EXPECT_EQ(client_->session(), session);
  EXPECT_FALSE(session->lost().stop_requested());
}

TEST_F(SessionContract, OutlivesItsTimeoutWhileItIsConnected) {
  const auto client = connect({.session_timeout = 400ms});
  const std::shared_ptr<const Session> session = client->session();
  const std::string claimed = claim(client);
  const auto watching = watcher();
  ASSERT_TRUE(client->get_and_watch(claimed, watching, soon()));
  // Another session with this timeout that says nothing is over after it: so long it takes.
  const auto silent = connect({.session_timeout = 600ms});
  const std::string theirs = claim(silent);
  world_->cut(silent);
  ASSERT_TRUE(await([&] { return !exists(theirs); }));
  EXPECT_TRUE(exists(claimed));
  EXPECT_EQ(client->session(), session);
}

TEST_F(SessionContract, EndsWithItsNodesWhenItIsClosed) {
  const std::string first = claim(client_);
  const std::string second = claim(client_);
  const std::string theirs = claim(other_);
  const std::shared_ptr<const Session> session = client_->session();
  const std::stop_token lost = client_->session_lost();
  EXPECT_TRUE(client_->close(soon()));
  EXPECT_FALSE(exists(first));
  EXPECT_FALSE(exists(second));
  EXPECT_TRUE(exists(theirs));
  EXPECT_TRUE(exists(path_));
  EXPECT_TRUE(lost.stop_requested());
  EXPECT_TRUE(session->lost().stop_requested());
  EXPECT_EQ(session->loss_reason(), LossReason::client_closed);
}

TEST_F(SessionContract, CallsOfAClosedClientFail) {
  ASSERT_TRUE(client_->close(soon()));
  EXPECT_EQ(client_->get(path_, soon()).error(), ZooKeeperErrc::closing);
  EXPECT_EQ(client_->get_and_watch(path_, watcher(), soon()).error(), ZooKeeperErrc::closing);
  EXPECT_EQ(client_->set(path_, "", kAny, soon()).error(), ZooKeeperErrc::closing);
  EXPECT_EQ(client_->remove(path_, kAny, soon()).error(), ZooKeeperErrc::closing);
  EXPECT_EQ(client_->children(path_, soon()).error(), ZooKeeperErrc::closing);
  EXPECT_EQ(client_->check(path_, kAny, soon()).error(), ZooKeeperErrc::closing);
  EXPECT_EQ(client_->create(path_ + "/a", "", Acl::open(), soon()).error(), ZooKeeperErrc::closing);
  EXPECT_EQ(client_->enqueue({.directory = path_}, soon()).error(), ZooKeeperErrc::closing);
  EXPECT_EQ(
      client_->create_protected_ephemeral_sequential(path_ + "/lock-", "", Acl::open(), soon())
          .error(),
      ZooKeeperErrc::closing);
  client_->remove_in_background(path_);
  client_->watch_in_background(path_, watcher());
  EXPECT_EQ(client_->pending_removals().count, 0U);
  EXPECT_FALSE(client_->session());
  EXPECT_TRUE(client_->close(soon())) << "closed it is";
  EXPECT_TRUE(exists(path_));
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(SessionContract, EndsWhenTheClientIsDestroyed) {
  auto client = connect();
  const std::string claimed = claim(client);
  const std::shared_ptr<const Session> session = client->session();
  const auto watching = watcher();
  ASSERT_TRUE(other_->get_and_watch(claimed, watching, soon()));
  client.reset();
  ASSERT_TRUE(await([&] { return watching->count() == 1; }));
  EXPECT_EQ(watching->types().front(), Type::deleted);
  EXPECT_TRUE(session->lost().stop_requested());
}

TEST_F(SessionContract, CloseNotifiesTheWatchers) {
  const auto watching = watcher();
  ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
  ASSERT_TRUE(client_->close(soon()));
  EXPECT_THAT(watching->types(), ElementsAre(Type::session_lost));
}

TEST_F(SessionContract, RefusedIdentityGetsNoSession) {
  try {
    const auto client = connect({.auth = {{"no-such-scheme", "user"}}});
    FAIL() << "the identity is accepted";
  } catch (const LockError& error) {
    EXPECT_EQ(error.code(), Errc::locking_failed);
    EXPECT_EQ(error.cause(), ZooKeeperErrc::auth_failed);
  }
}

// --- Expiry -------------------------------------------------------------------------------------

TEST_F(SessionContract, ExpiresWithItsNodesWhileItIsCutOff) {
  const auto client = connect({.session_timeout = kShortSession});
  const std::string claimed = claim(client);
  const auto watching = watcher();
  ASSERT_TRUE(other_->get_and_watch(claimed, watching, soon()));
  const auto ours = watcher();
  ASSERT_TRUE(client->get_and_watch(claimed, ours, soon()));
  const std::shared_ptr<const Session> session = client->session();
  cut(client);
  EXPECT_TRUE(exists(claimed)) << "the session lives on for its timeout";
  ASSERT_TRUE(await([&] { return watching->count() == 1; }));
  EXPECT_EQ(watching->types().front(), Type::deleted);
  EXPECT_FALSE(session->lost().stop_requested()) << "nobody can tell the client";
  EXPECT_EQ(client->session(), session);

  world_->restore(client);
  ASSERT_TRUE(await([&] { return session->lost().stop_requested(); }));
  EXPECT_EQ(session->loss_reason(), LossReason::session_expired);
  ASSERT_TRUE(await([&] { return ours->count() == 1; }));
  EXPECT_EQ(ours->types().front(), Type::session_lost) << "not that the node was deleted";
  EXPECT_EQ(ours->events().front().path, claimed);
}

TEST_F(SessionContract, ExpiredSessionIsReplaced) {
  const auto client =
      connect({.session_timeout = kShortSession, .auth = {{"digest", "user:password"}}});
  const std::string owned = path_ + "/owned";
  ASSERT_TRUE(client->create(owned, "", Acl::creator_all(), soon()));
  const std::shared_ptr<const Session> first = client->session();
  const std::stop_token first_lost = client->session_lost();
  const Result<Znode> before = client->get(path_, soon());
  const std::string claimed = claim(client);
  world_->expire_session(client);
  EXPECT_FALSE(exists(claimed));
  ASSERT_TRUE(await([&] { return first_lost.stop_requested(); }));

  const Result<Znode> after = client->get(path_, soon());
  ASSERT_TRUE(before && after);
  EXPECT_GT(after->connection, before->connection);
  const std::shared_ptr<const Session> second = client->session();
  ASSERT_TRUE(second);
  EXPECT_NE(second, first);
  EXPECT_NE(second->id(), first->id());
  EXPECT_FALSE(second->lost().stop_requested());
  EXPECT_FALSE(client->session_lost().stop_requested());
  EXPECT_EQ(second->timeout(), kShortSession);
  EXPECT_EQ(stat(claim(client)).ephemeral_owner, second->id());
  EXPECT_TRUE(client->get(owned, soon())) << "of the same identity";
}

TEST_F(SessionContract, ExpiryNotifiesTheWatchers) {
  const auto client = connect({.session_timeout = kShortSession});
  const std::string claimed = claim(client);
  const auto ours = watcher();
  const auto theirs = watcher();
  ASSERT_TRUE(client->get_and_watch(claimed, ours, soon()));
  ASSERT_TRUE(client->get_and_watch(path_, theirs, soon()));
  world_->expire_session(client);
  ASSERT_TRUE(await([&] { return ours->count() == 1 && theirs->count() == 1; }));
  // The server deletes the node, then hangs up: the client may notice either.
  EXPECT_THAT(ours->types(), ElementsAre(AnyOf(Type::deleted, Type::session_lost)));
  EXPECT_THAT(theirs->types(), ElementsAre(Type::session_lost));
  EXPECT_EQ(theirs->events().front().path, path_);

  // The watch is over.
  ASSERT_TRUE(await([&] { return client->get(path_, soon()).has_value(); }));
  change(path_);
  ASSERT_TRUE(client->get(path_, soon()));
  EXPECT_EQ(theirs->count(), 1U);
  ASSERT_TRUE(client->get_and_watch(path_, theirs, soon()));
  change(path_);
  ASSERT_TRUE(client->get(path_, soon()));
  EXPECT_THAT(theirs->types(), ElementsAre(Type::session_lost, Type::changed));
}

TEST_F(SessionContract, CallsThatWaitForAConnectionContinueInTheNextSession) {
  const auto client = connect({.session_timeout = kShortSession});
  const std::shared_ptr<const Session> first = client->session();
  const std::string claimed = claim(client);
  cut(client);
  auto enqueued = in_background([&] { return client->enqueue({.directory = path_}, soon()); });
  ASSERT_TRUE(await([&] { return !exists(claimed); }));
  world_->restore(client);
  const Result<Enqueued> result = enqueued.get();
  ASSERT_TRUE(result);
  EXPECT_NE(result->claim.session, first);
  EXPECT_EQ(result->claim.session, client->session());
  EXPECT_THAT(names(), ::testing::SizeIs(1));
}

TEST_F(SessionContract, ClosedWhileCutOffEndsWhenTheConnectionIsBack) {
  auto client = connect({.session_timeout = 20s});
  const std::string claimed = claim(client);
  cut(client);
  EXPECT_EQ(client->close(briefly()).error(), ZooKeeperErrc::operation_timeout);
  EXPECT_EQ(client->get(path_, soon()).error(), ZooKeeperErrc::closing) << "closed anyway";
  EXPECT_TRUE(exists(claimed));
  world_->restore(client);
  EXPECT_TRUE(await([&] { return !exists(claimed); })) << "long before it would expire";
}

}  // namespace
}  // namespace zklock::test
