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
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "integration/tools.h"
#include "journal.h"
#include "support/unique_path.h"
#include "support/zookeeper_ensemble.h"

namespace zklock::chaos {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using test::soon;
using test::ZooKeeperEnsemble;

constexpr int kHolders = 8;
/// A lease that is still valid so long after its claim was deleted does not end by itself.
constexpr std::chrono::seconds kPatience{1};

/// None: the short form.
int rounds_asked_for() {
  const char* const rounds = std::getenv("ZKLOCK_MARGIN_ROUNDS");
  return rounds == nullptr ? 0 : std::atoi(rounds);
}

/// When a claim was deleted, as a client of the leader hears it.
class DeletionTime final : public Watcher {
 public:
  void on_event(const WatchEvent& event) override {
    if (event.type == WatchEvent::Type::deleted) at_ = boot_now();
  }
  [[nodiscard]] bool is_prompt() const noexcept override { return true; }

  /// 0: it was not.
  [[nodiscard]] std::int64_t at() const noexcept { return at_; }

 private:
  std::atomic<std::int64_t> at_ = 0;
};

/// A client at one server, and the lease of a lock that nobody else wants.
struct Holder {
  Holder(const std::string& address, milliseconds session_timeout)
      : client(connect(address, {.session_timeout = session_timeout})),
        lock({.path = test::unique_path()}, client),
        lease(lock.lock(soon())) {}

  const std::shared_ptr<ZooKeeperClient> client;
  ZooKeeperLock lock;
  const Lease lease;
  const std::shared_ptr<DeletionTime> deleted = std::make_shared<DeletionTime>();
  std::int64_t ended = 0;  // when it was first seen that the lease is not valid any more
};
using Holders = std::vector<std::unique_ptr<Holder>>;

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
      holders.push_back(std::make_unique<Holder>(address, session_timeout));
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

  /// Looks at all leases, each millisecond or so, until all claims are deleted.
  static void watch_them_end(const Holders& holders, milliseconds session_timeout) {
    const std::int64_t give_up =
        boot_now() + nanoseconds(3 * session_timeout + test::kLongEnough).count();
    const auto is_over = [&](const std::unique_ptr<Holder>& holder) {
      if (holder->ended == 0 && !holder->lease.valid()) holder->ended = boot_now();
      const std::int64_t deleted = holder->deleted->at();
      const bool is_late = boot_now() > deleted + nanoseconds(kPatience).count();
      return deleted != 0 && (holder->ended != 0 || is_late);
    };
    // All of them each time: none is left out because one before it is not over.
    while (std::count_if(holders.begin(), holders.end(), is_over) != kHolders &&
           boot_now() < give_up) {
      std::this_thread::sleep_for(1ms);
    }
  }

  /// The smallest margin of a round.
  [[nodiscard]] nanoseconds play_round(ZooKeeperEnsemble& ensemble, milliseconds session_timeout) {
    const int leader = ensemble.leader();
    const int follower = ensemble.followers().at(random_() % 2);
    const auto observer = connect(ensemble.address(leader), {.session_timeout = 60s});
    const Holders holders = some_holders(ensemble.address(follower), session_timeout);
    for (const auto& holder : holders) {
      EXPECT_TRUE(observer->get_and_watch(holder->lease.znode(), holder->deleted, soon()));
      EXPECT_TRUE(holder->lease.valid());
    }

    holders[random_() % kHolders]->lease.verify(soon());  // a check through the quorum
    break_server(ensemble, follower);
    const std::int64_t broken = boot_now();
    watch_them_end(holders, session_timeout);
    heal_server(ensemble, follower);

    nanoseconds smallest = nanoseconds::max();
    for (const auto& holder : holders) {
      const std::int64_t deleted = holder->deleted->at();
      EXPECT_NE(deleted, 0) << "a claim was not deleted";
      const std::int64_t ended = holder->ended;
      const nanoseconds margin = ended != 0 ? nanoseconds(deleted - ended) : -kPatience;
      EXPECT_GT(margin, 0ns) << "the claim was deleted " << nanoseconds(deleted - broken) / 1ms
                             << " ms after the break, and "
                             << (ended != 0 ? "the lease ended after that" : "the lease stayed");
      smallest = std::min(smallest, margin);
    }
    return smallest;
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
    const nanoseconds margin = play_round(ensemble, session_timeout);
    std::printf("T %lld ms: smallest margin of %d holders %lld ms\n",
                static_cast<long long>(session_timeout.count()), kHolders,
                static_cast<long long>(margin / 1ms));
    smallest = std::min(smallest, margin);
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
