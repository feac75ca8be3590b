// How long before its claim is deleted a lease ends, when the server that the holder is connected
// to breaks: frozen, or cut off from its quorum, right after it has answered. It must be before,
// every time: the next claim is granted when this one is gone.
//
// Short: two rounds of each, with ticks of 500 ms. ZKLOCK_MARGIN_ROUNDS=50 in the environment: so
// many rounds of each, with ticks of 2 s, too, and session timeouts from 4 to 10 s.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <thread>
#include <tuple>

#include "integration/tools.h"
#include "journal.h"
#include "margin.h"
#include "support/zookeeper_ensemble.h"

namespace zklock::chaos {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using test::ZooKeeperEnsemble;

constexpr int kHolders = 8;

/// None: the short form.
int rounds_asked_for() {
  const char* const rounds = std::getenv("ZKLOCK_MARGIN_ROUNDS");
  return rounds == nullptr ? 0 : std::atoi(rounds);
}

enum class Break { frozen, cut_off };

std::string name_of(Break how) { return how == Break::frozen ? "Frozen" : "CutOff"; }

void PrintTo(Break how, std::ostream* out) { *out << name_of(how); }  // for GoogleTest

class MarginTest : public ::testing::TestWithParam<std::tuple<Break, milliseconds>> {
 protected:
  [[nodiscard]] Break how() const { return std::get<Break>(GetParam()); }
  [[nodiscard]] milliseconds tick_time() const { return std::get<milliseconds>(GetParam()); }

  [[nodiscard]] milliseconds between(milliseconds least, milliseconds most) {
    return milliseconds(
        std::uniform_int_distribution<milliseconds::rep>(least.count(), most.count())(random_));
  }

  /// Holders whose requests come at different times.
  [[nodiscard]] Holders some_holders(const std::string& address, milliseconds session_timeout) {
    Holders holders;
    while (holders.size() < kHolders) {
      holders.push_back(
          std::make_unique<Holder>(connect(address, {.session_timeout = session_timeout})));
      std::this_thread::sleep_for(between(0ms, session_timeout / 12));
    }
    std::this_thread::sleep_for(between(0ms, session_timeout / 3));
    return holders;
  }

  void break_server(ZooKeeperEnsemble& ensemble, int server) const {
    if (how() == Break::frozen) ensemble.stop(server);
    if (how() == Break::cut_off) ensemble.cut_off(server);
  }
  void heal_server(ZooKeeperEnsemble& ensemble, int server) const {
    if (how() == Break::frozen) ensemble.resume(server);
    if (how() == Break::cut_off) ensemble.heal(server);
    ensemble.wait_until_it_serves();
  }

  /// The smallest margin of a round.
  [[nodiscard]] nanoseconds play_round(ZooKeeperEnsemble& ensemble, milliseconds session_timeout) {
    const int leader = ensemble.leader();
    const int follower = ensemble.followers().at(random_() % 2);
    const auto observer = connect(ensemble.address(leader), {.session_timeout = 60s});
    const Holders holders = some_holders(ensemble.address(follower), session_timeout);
    watch_claims(*observer, holders);
    for (const auto& holder : holders) EXPECT_TRUE(holder->lease.valid());

    holders[random_() % kHolders]->lease.verify(test::soon());  // a check through the quorum
    break_server(ensemble, follower);
    const std::int64_t broken = boot_now();
    watch_them_end(holders, session_timeout);
    heal_server(ensemble, follower);

    const nanoseconds margin = smallest_margin(holders, broken);
    print_margin(session_timeout, holders, margin);
    return margin;
  }

  std::mt19937_64 random_{1};
};

TEST_P(MarginTest, LeaseEndsBeforeItsClaimIsDeleted) {
  const int asked_for = rounds_asked_for();
  // The server goes on answering its clients for as long as it is cut off, and is needed at once
  // when it is healed.
  ZooKeeperEnsemble ensemble({.sync_limit = 100, .servers = {.tick_time = tick_time()}});
  nanoseconds smallest = nanoseconds::max();
  for (int round = 0; round < (asked_for == 0 ? 2 : asked_for); ++round) {
    const milliseconds session_timeout = asked_for == 0 ? 4s : between(4s, 10s);
    smallest = std::min(smallest, play_round(ensemble, session_timeout));
  }
  std::printf("smallest margin %lld ms\n", static_cast<long long>(smallest / 1ms));
}

/// ZooKeeper's own one is for the long form only.
std::vector<milliseconds> tick_times() {
  std::vector<milliseconds> times{500ms};
  if (rounds_asked_for() > 0) times.push_back(2'000ms);
  return times;
}

std::string case_name(const ::testing::TestParamInfo<MarginTest::ParamType>& info) {
  const auto& [how, tick_time] = info.param;
  return name_of(how) + "Tick" + std::to_string(tick_time.count());
}

INSTANTIATE_TEST_SUITE_P(Followers, MarginTest,
                         ::testing::Combine(::testing::Values(Break::frozen, Break::cut_off),
                                            ::testing::ValuesIn(tick_times())),
                         case_name);

}  // namespace
}  // namespace zklock::chaos
