// FakeZooKeeper: what goes wrong with servers, in an ensemble of three.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/zookeeper_lock.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <future>
#include <stdexcept>
#include <system_error>

#include "base/platform.h"
#include "support/as_claim_client.h"

namespace zklock::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::AnyOf;

constexpr std::chrono::milliseconds kTick{2'000};

class FakeZooKeeperServers : public ::testing::Test {
 protected:
  FakeZooKeeperServers() { zookeeper_.create("/locks"); }

  FakeZooKeeper::Client connect_to(int server, const ClientOptions& options = {}) {
    return zookeeper_.connect_to(server, options);
  }

  std::error_code read(const FakeZooKeeper::Client& client) {
    return client->get("/locks", Context().with_timeout(1s)).error();
  }
  std::error_code write(const FakeZooKeeper::Client& client) {
    return client->set("/locks", "", ZooKeeperClient::kAnyVersion, Context().with_timeout(1s))
        .error();
  }

  FakeZooKeeper zookeeper_{{.servers = 3}};
};

TEST_F(FakeZooKeeperServers, TheFirstOneLeads) {
  EXPECT_EQ(zookeeper_.leader(), 0);
  EXPECT_THAT(zookeeper_.server_of(zookeeper_.connect()), AnyOf(0, 1, 2));
}

TEST_F(FakeZooKeeperServers, AnUnknownServerIsRefused) {
  for (const int server : {-1, 3}) {
    EXPECT_THROW(zookeeper_.kill_server(server), std::out_of_range);
    EXPECT_THROW(zookeeper_.start_server(server), std::out_of_range);
    EXPECT_THROW(zookeeper_.freeze_server(server), std::out_of_range);
    EXPECT_THROW(zookeeper_.thaw_server(server), std::out_of_range);
    EXPECT_THROW(zookeeper_.cut_off_server(server), std::out_of_range);
    EXPECT_THROW(zookeeper_.heal_server(server), std::out_of_range);
    EXPECT_THROW(zookeeper_.slow_commits(server, 1s), std::out_of_range);
    EXPECT_THROW(zookeeper_.change_leader(server), std::out_of_range);
    EXPECT_THROW(zookeeper_.bound_session_timeouts(server, 1s, 2s), std::out_of_range);
  }
}

// --- Killed -------------------------------------------------------------------------------------

TEST_F(FakeZooKeeperServers, TheClientsOfAKilledFollowerGoToAnother) {
  const auto client = connect_to(1);
  ZooKeeperLock lock({.path = "/locks"}, client);
  const Lease lease = lock.lock();
  zookeeper_.kill_server(1);
  zookeeper_.advance(1s);
  EXPECT_THAT(zookeeper_.server_of(client), AnyOf(0, 2));
  EXPECT_EQ(zookeeper_.leader(), 0);
  EXPECT_TRUE(lease.valid());
  EXPECT_NO_THROW(lock.unlock(lease));
}

TEST_F(FakeZooKeeperServers, AKilledLeaderIsReplaced) {
  const auto client = connect_to(0);
  ZooKeeperLock lock({.path = "/locks"}, client);
  const Lease lease = lock.lock();
  zookeeper_.kill_server(0);
  EXPECT_EQ(zookeeper_.leader(), -1);
  EXPECT_EQ(zookeeper_.server_of(client), -1);
  zookeeper_.advance(2s);
  EXPECT_THAT(zookeeper_.leader(), AnyOf(1, 2));
  EXPECT_THAT(zookeeper_.server_of(client), AnyOf(1, 2));
  EXPECT_TRUE(lease.valid());
  EXPECT_NO_THROW(lock.unlock(lease));
}

TEST_F(FakeZooKeeperServers, OneOfThreeServesNobody) {
  const auto client = zookeeper_.connect();
  zookeeper_.kill_server(0);
  zookeeper_.kill_server(1);
  zookeeper_.let_time_pass();
  EXPECT_EQ(read(client), ZooKeeperErrc::operation_timeout);
  EXPECT_EQ(zookeeper_.leader(), -1);

  zookeeper_.start_server(1);
  EXPECT_TRUE(client->get("/locks", {}));
}

TEST_F(FakeZooKeeperServers, AStartedServerCatchesUp) {
  zookeeper_.kill_server(2);
  zookeeper_.create("/locks/missed");
  zookeeper_.start_server(2);
  EXPECT_TRUE(connect_to(2)->get("/locks/missed", {}));
}

TEST_F(FakeZooKeeperServers, SessionsSurviveAnUnavailableEnsemble) {
  const auto client = zookeeper_.connect();
  const Result<Created> claim =
      client->create_protected_ephemeral_sequential("/locks/lock-", "", Acl::open(), {});
  for (const int server : {0, 1, 2}) zookeeper_.kill_server(server);
  zookeeper_.advance(20s);  // twice the session timeout
  for (const int server : {0, 1, 2}) zookeeper_.start_server(server);
  zookeeper_.advance(15s);
  EXPECT_TRUE(zookeeper_.get(claim->path)) << "nobody was there to end the session";
}

// --- Frozen -------------------------------------------------------------------------------------

TEST_F(FakeZooKeeperServers, AFrozenFollowerAnswersAfterItIsThawed) {
  const auto client = connect_to(1);
  zookeeper_.freeze_server(1);
  auto answer = zookeeper_.in_background([&] { return client->get("/locks", {}); });
  zookeeper_.advance(1s);
  EXPECT_EQ(answer.wait_for(0s), std::future_status::timeout);
  zookeeper_.thaw_server(1);
  EXPECT_TRUE(answer.get());
  EXPECT_EQ(zookeeper_.server_of(client), 1);
}

TEST_F(FakeZooKeeperServers, AClientLeavesAFrozenServerInTimeForItsSession) {
  const auto client = connect_to(1);
  const Result<Created> claim =
      client->create_protected_ephemeral_sequential("/locks/lock-", "", Acl::open(), {});
  zookeeper_.freeze_server(1);
  zookeeper_.advance(10s);  // the session timeout
  EXPECT_THAT(zookeeper_.server_of(client), AnyOf(0, 2));
  EXPECT_FALSE(client->remove(claim->path, ZooKeeperClient::kAnyVersion, {}).error());
}

TEST_F(FakeZooKeeperServers, AFrozenLeaderIsReplacedAfterAboutFiveTicks) {
  const auto client = connect_to(0);
  zookeeper_.freeze_server(0);
  zookeeper_.advance(4 * kTick - 1ns);
  EXPECT_EQ(zookeeper_.leader(), 0);
  zookeeper_.advance(2 * kTick + 1s);
  EXPECT_THAT(zookeeper_.leader(), AnyOf(1, 2));
  zookeeper_.advance(10s);  // by then the client has given it up
  EXPECT_THAT(zookeeper_.server_of(client), AnyOf(1, 2));
  EXPECT_FALSE(write(client));
  zookeeper_.thaw_server(0);
  EXPECT_NE(zookeeper_.leader(), 0);
  EXPECT_FALSE(read(connect_to(0)));
}

// --- Cut off ------------------------------------------------------------------------------------

TEST_F(FakeZooKeeperServers, AFollowerThatIsCutOffAnswersReadsForFiveTicks) {
  const auto client = connect_to(1, {.session_timeout = 40s});
  zookeeper_.cut_off_server(1);
  zookeeper_.create("/locks/news");
  zookeeper_.advance(5 * kTick - 1ns);
  EXPECT_EQ(zookeeper_.server_of(client), 1);
  EXPECT_EQ(client->get("/locks/news", {}).error(), ZooKeeperErrc::no_node);
  zookeeper_.advance(1s);
  EXPECT_THAT(zookeeper_.server_of(client), AnyOf(0, 2));
  EXPECT_TRUE(client->get("/locks/news", {}));
}

TEST_F(FakeZooKeeperServers, AFollowerThatIsCutOffAnswersWhileTheLeaderExpiresTheSession) {
  const auto client = connect_to(1, {.session_timeout = 4s});
  const auto claim =
      client->create_protected_ephemeral_sequential("/locks/lock-", "", Acl::open(), {});
  ASSERT_TRUE(claim);
  zookeeper_.cut_off_server(1);
  zookeeper_.advance(4s + kTick);
  EXPECT_FALSE(zookeeper_.get(claim->path));
  EXPECT_EQ(zookeeper_.server_of(client), 1);
  EXPECT_TRUE(client->get(claim->path, {})) << "the follower knows no better";

  zookeeper_.heal_server(1);
  EXPECT_EQ(client->get(claim->path, {}).error(), ZooKeeperErrc::no_node);
}

TEST_F(FakeZooKeeperServers, AFollowerThatIsCutOffDoesNotWrite) {
  const auto client = connect_to(1);
  zookeeper_.cut_off_server(1);
  zookeeper_.let_time_pass();
  EXPECT_EQ(write(client), ZooKeeperErrc::operation_timeout);
  EXPECT_EQ(zookeeper_.get("/locks")->stat.version, 0);
  EXPECT_FALSE(write(connect_to(0)));
}

TEST_F(FakeZooKeeperServers, ALeaderThatIsCutOffIsReplacedAfterFiveTicks) {
  const auto client = connect_to(0);
  zookeeper_.cut_off_server(0);
  zookeeper_.advance(5 * kTick + 1s);
  EXPECT_THAT(zookeeper_.leader(), AnyOf(1, 2));
  EXPECT_THAT(zookeeper_.server_of(client), AnyOf(1, 2));
  EXPECT_FALSE(write(client));
  zookeeper_.heal_server(0);
  EXPECT_FALSE(write(connect_to(0)));
}

TEST_F(FakeZooKeeperServers, AServerThatIsHealedGoesOnAtOnce) {
  const auto client = connect_to(1);
  zookeeper_.cut_off_server(1);
  auto late = zookeeper_.in_background(
      [&] { return client->set("/locks", "late", ZooKeeperClient::kAnyVersion, {}).error(); });
  zookeeper_.advance(1s);
  EXPECT_EQ(late.wait_for(0s), std::future_status::timeout);
  zookeeper_.heal_server(1);
  EXPECT_FALSE(late.get());
  EXPECT_EQ(zookeeper_.get("/locks")->data, "late");
}

// A follower reports its sessions to the leader every half tick, and not when the leader looks for
// sessions that are due: without that, the leader may end a session sooner than its timeout after
// the follower has answered it.
TEST_F(FakeZooKeeperServers, HeartbeatsThatAFollowerHasNotReportedDoNotCount) {
  constexpr std::chrono::milliseconds kTimeout = 2 * kTick;
  std::chrono::nanoseconds shortest = 1h;
  for (std::chrono::nanoseconds phase = 0s; phase < kTick; phase += kTick / 16) {
    const auto now = [] { return internal::Platform::current().steady_now().time_since_epoch(); };
    const auto client = connect_to(1, {.session_timeout = kTimeout});
    const auto claim =
        client->create_protected_ephemeral_sequential("/locks/lock-", "", Acl::open(), {});
    ASSERT_TRUE(claim);
    const std::chrono::nanoseconds cut_off_at = (now() / kTick + 3) * kTick + phase;
    std::chrono::nanoseconds answered_at{};
    while (now() < cut_off_at) {
      answered_at = now();
      ASSERT_FALSE(read(client));
      zookeeper_.advance(std::min<std::chrono::nanoseconds>(50ms, cut_off_at - now()));
    }
    zookeeper_.cut_off_server(1);
    while (zookeeper_.get(claim->path)) zookeeper_.advance(50ms);
    shortest = std::min(shortest, now() - answered_at);
    zookeeper_.heal_server(1);
  }
  EXPECT_LT(shortest, kTimeout);
  EXPECT_GE(shortest, kTimeout - kTick / 2);
}

// --- Slow ---------------------------------------------------------------------------------------

TEST_F(FakeZooKeeperServers, ASlowServerSeesWritesLater) {
  const auto reader = connect_to(1);
  const auto writer = connect_to(2);
  zookeeper_.slow_commits(1, 3s);
  ASSERT_TRUE(writer->create("/locks/news", "", Acl::open(), {}));
  zookeeper_.advance(3s - 1ns);
  EXPECT_EQ(reader->get("/locks/news", {}).error(), ZooKeeperErrc::no_node);
  zookeeper_.advance(1ns);
  EXPECT_TRUE(reader->get("/locks/news", {}));
}

TEST_F(FakeZooKeeperServers, ASlowServerAnswersWritesLater) {
  const auto client = connect_to(1);
  zookeeper_.slow_commits(1, 1s);
  auto created =
      zookeeper_.in_background([&] { return client->create("/locks/news", "", Acl::open(), {}); });
  zookeeper_.settle();
  EXPECT_TRUE(zookeeper_.get("/locks/news"));
  EXPECT_EQ(created.wait_for(0s), std::future_status::timeout);
  zookeeper_.advance(1s);
  EXPECT_TRUE(created.get());
}

// --- Leaders ------------------------------------------------------------------------------------

TEST_F(FakeZooKeeperServers, AChangeOfLeadersBreaksConnectionsButNotSessions) {
  const auto client = zookeeper_.connect();
  ZooKeeperLock lock({.path = "/locks"}, client);
  const Lease lease = lock.lock();
  const std::uint64_t connection = client->get("/locks", {})->connection;
  zookeeper_.change_leader(2);
  EXPECT_EQ(zookeeper_.leader(), 2);
  zookeeper_.advance(1s);
  EXPECT_GT(client->get("/locks", {})->connection, connection);
  EXPECT_TRUE(lease.valid());
  lock.unlock(lease);
  EXPECT_GT(lock.lock().fencing_token() >> 32, lease.fencing_token() >> 32);  // another term
}

TEST_F(FakeZooKeeperServers, AWriteAtAServerThatIsCutOffDoesNotReachTheNextLeader) {
  const auto client = connect_to(1);
  zookeeper_.cut_off_server(1);
  zookeeper_.kill_server(0);
  auto created =
      zookeeper_.in_background([&] { return client->create("/locks/news", "", Acl::open(), {}); });
  zookeeper_.settle();
  zookeeper_.start_server(0);
  zookeeper_.advance(1s);
  ASSERT_NE(zookeeper_.leader(), -1);
  EXPECT_FALSE(zookeeper_.get("/locks/news"));
  zookeeper_.heal_server(1);
  zookeeper_.advance(1s);
  EXPECT_EQ(created.get().error(), ZooKeeperErrc::connection_loss);
  EXPECT_FALSE(zookeeper_.get("/locks/news"));
}

TEST_F(FakeZooKeeperServers, AWriteAtAFrozenServerDoesNotReachTheNextLeader) {
  const auto client = connect_to(1);
  zookeeper_.freeze_server(1);
  auto created =
      zookeeper_.in_background([&] { return client->create("/locks/news", "", Acl::open(), {}); });
  zookeeper_.settle();
  zookeeper_.change_leader(2);
  zookeeper_.thaw_server(1);
  zookeeper_.advance(1s);
  EXPECT_EQ(created.get().error(), ZooKeeperErrc::connection_loss);
  EXPECT_FALSE(zookeeper_.get("/locks/news"));
}

TEST_F(FakeZooKeeperServers, TheLeadersClockStampsWhatIsWritten) {
  zookeeper_.create("/locks/before");
  zookeeper_.change_leader(1, 1h);
  zookeeper_.create("/locks/after");
  EXPECT_EQ(
      zookeeper_.get("/locks/after")->stat.ctime - zookeeper_.get("/locks/before")->stat.ctime, 1h);
  zookeeper_.change_leader(2);
  zookeeper_.create("/locks/later");
  EXPECT_EQ(zookeeper_.get("/locks/later")->stat.ctime,
            zookeeper_.get("/locks/before")->stat.ctime);
}

TEST_F(FakeZooKeeperServers, EachServerNegotiatesItsOwnSessionTimeouts) {
  zookeeper_.bound_session_timeouts(1, 8s, 12s);
  const auto timeout_at = [this](int server, std::chrono::milliseconds wanted) {
    return testing::as_claim_client(connect_to(server, {.session_timeout = wanted}))
        ->session()
        ->timeout();
  };
  EXPECT_EQ(timeout_at(0, 6s), 6s);
  EXPECT_EQ(timeout_at(1, 6s), 8s);
  EXPECT_EQ(timeout_at(1, 9s), 9s);
  EXPECT_EQ(timeout_at(1, 1min), 12s);
  EXPECT_THROW(zookeeper_.bound_session_timeouts(1, 2s, 1s), std::invalid_argument);

  const auto client = connect_to(0, {.session_timeout = 6s});
  zookeeper_.kill_server(2);
  zookeeper_.break_connection(client);
  zookeeper_.advance(1s);
  ASSERT_EQ(zookeeper_.server_of(client), 1);
  EXPECT_EQ(testing::as_claim_client(client)->session()->timeout(), 6s)
      << "the smallest of all handshakes counts";
}

}  // namespace
}  // namespace zklock::testing
