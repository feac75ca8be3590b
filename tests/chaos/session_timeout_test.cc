// A session whose servers do not agree on how long it lasts, and a leader that dies. A server
// grants what its own minSessionTimeout and maxSessionTimeout allow, also to a session that comes
// from another one; a new leader goes back to what the session was created with. No lease may rely
// on more than the least of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "integration/tools.h"
#include "journal.h"
#include "margin.h"
#include "support/as_claim_client.h"
#include "support/zookeeper_ensemble.h"

namespace zklock::chaos {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using test::becomes_true;
using test::soon;
using test::ZooKeeperEnsemble;
using Sessions = std::vector<std::shared_ptr<const Session>>;
using Clients = std::vector<std::shared_ptr<ClaimClient>>;

constexpr int kHolders = 8;
constexpr int kRounds = 2;

/// Sessions are created at a server that grants little, and moved to the one that grants much.
constexpr milliseconds kLittle{3'000};
constexpr milliseconds kMuch{6'000};
constexpr int kGenerous = 0;
constexpr int kStingy = 1;

test::ZooKeeperEnsembleOptions options() {
  const std::vector<std::string> little = {"maxSessionTimeout=" + std::to_string(kLittle.count())};
  const std::vector<std::string> much = {"minSessionTimeout=" + std::to_string(kMuch.count())};
  return {.servers = {.tick_time = 500ms}, .own_settings = {much, little, little}};
}

class SessionTimeoutTest : public ::testing::Test {
 protected:
  /// The leader is to die, and the generous one is not. (One that comes back follows.)
  void let_another_one_lead() {
    if (ensemble_.leader() == kGenerous) replace_leader();
  }
  void replace_leader() {
    const int killed = ensemble_.leader();
    ensemble_.kill(killed);
    (void)ensemble_.leader();  // it would lead again if it came back before there is one
    restart(killed);
  }
  void restart(int server) {
    ensemble_.restart(server);
    ensemble_.wait_until_it_serves();
  }

  /// Of sessions that were created at the one, and are at the other.
  [[nodiscard]] Clients moved_clients() {
    ensemble_.to_clients(kGenerous).refuse();
    Clients clients;
    while (clients.size() < kHolders) {
      clients.push_back(testing::connect_claim_client(
          ensemble_.address(kStingy) + "," + ensemble_.address(kGenerous),
          {.session_timeout = kMuch}));
      EXPECT_EQ(clients.back()->session()->timeout(), kLittle);
    }
    const Sessions sessions = sessions_of(clients);
    ensemble_.to_clients(kStingy).refuse();
    ensemble_.to_clients(kGenerous).heal();
    wait_until_they_are_served(clients);
    EXPECT_EQ(sessions_of(clients), sessions) << "they were to be moved, not replaced";
    return clients;
  }
  static Sessions sessions_of(const Clients& clients) {
    Sessions sessions;
    for (const auto& client : clients) sessions.push_back(client->session());
    return sessions;
  }
  static void wait_until_they_are_served(const Clients& clients) {
    for (const auto& client : clients) {
      EXPECT_TRUE(becomes_true([&] { return client->children("/", soon()).has_value(); }));
    }
  }

  static Holders holders_of(const Clients& clients) {
    Holders holders;
    for (const auto& client : clients) holders.push_back(std::make_unique<Holder>(client));
    return holders;
  }

  void cut_off_clients() {
    ensemble_.to_clients(kGenerous).hold_to_server();
    ensemble_.to_clients(kGenerous).hold_to_client();
  }
  void heal_clients() {
    for (int server = 0; server < ZooKeeperEnsemble::kSize; ++server) {
      ensemble_.to_clients(server).heal();
    }
  }

  /// Hears from the leader, not through a proxy.
  [[nodiscard]] std::shared_ptr<ClaimClient> observer() const {
    return testing::connect_claim_client(ensemble_.server(ensemble_.leader()).address());
  }

  ZooKeeperEnsemble ensemble_{options()};
};

TEST_F(SessionTimeoutTest, LeaseEndsBeforeItsClaimWhenTheLeaderDiesAndTheClientIsCutOff) {
  for (int round = 0; round < kRounds; ++round) {
    let_another_one_lead();
    const int killed = ensemble_.leader();
    const Holders holders = holders_of(moved_clients());
    for (const auto& holder : holders) EXPECT_TRUE(holder->lease.valid());
    holders.back()->lease.verify(soon());
    const std::int64_t broken = boot_now();
    ensemble_.kill(killed);
    cut_off_clients();
    // Some may end before there is a new leader to ask.
    auto ending = std::async(std::launch::async, [&] { watch_them_end(holders, kMuch); });
    const auto leaders_client = observer();
    watch_claims(*leaders_client, holders);
    ending.get();
    print_margin(kLittle, holders, smallest_margin(holders, broken));
    heal_clients();
    restart(killed);
  }
}

TEST_F(SessionTimeoutTest, LeaseEndsBeforeItsClaimWhenTheClientIsCutOffUnderANewLeader) {
  let_another_one_lead();
  const Clients clients = moved_clients();
  const Sessions sessions = sessions_of(clients);
  replace_leader();
  wait_until_they_are_served(clients);
  EXPECT_EQ(sessions_of(clients), sessions) << "they were to outlive the leader";
  const Holders holders = holders_of(clients);
  const auto leaders_client = observer();
  watch_claims(*leaders_client, holders);
  for (const auto& holder : holders) EXPECT_TRUE(holder->lease.valid());
  holders.back()->lease.verify(soon());
  const std::int64_t broken = boot_now();
  cut_off_clients();
  watch_them_end(holders, kMuch);
  print_margin(kLittle, holders, smallest_margin(holders, broken));
}

}  // namespace
}  // namespace zklock::chaos
