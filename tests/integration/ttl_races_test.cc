// A purge, and what may cross it on its way to a real server: the network keeps back one of the
// two. What exactly comes of each order is in lock_ttl_races_test.cc; here a machine may be too
// slow for a race, but nobody sees two holders, nor an error.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <vector>

#include "integration/tools.h"
#include "support/as_claim_client.h"
#include "support/loopback_proxy.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr int kLanes = 20;        // at once, each with a lock of its own
constexpr int kRoundsOfEach = 2;  // of five races
constexpr std::chrono::milliseconds kTtl{500};

/// The leases of one lock: when one is granted, no other one may be valid.
class Leases {
 public:
  void add(const Lease& granted) {
    const std::scoped_lock lock(mutex_);
    for (const Lease& other : leases_) {
      EXPECT_FALSE(other.valid()) << other.znode() << " and " << granted.znode() << " at once";
    }
    leases_ = {granted};  // those that are not valid never become so again
  }

 private:
  std::mutex mutex_;
  std::vector<Lease> leases_;  // protected by mutex_
};

/// Forwards waits to a recorder, and grants to `leases`.
class AnswerObserver final : public LockObserver {
 public:
  explicit AnswerObserver(Leases& leases) : leases_(leases) {}

  void on_waiting(const std::string& znode, std::size_t ahead) override {
    record.on_waiting(znode, ahead);
  }
  void on_granted(const Lease& lease, std::chrono::nanoseconds) override { leases_.add(lease); }

  RecordingObserver record;

 private:
  Leases& leases_;
};

/// A contender with a network connection of its own.
struct Party {
  Party(const std::string& path, Leases& leases)
      : witness(std::make_shared<AnswerObserver>(leases)),
        client(connect(proxy.address(), {.session_timeout = 30s})),
        lock({.path = path, .ttl = kTtl, .observer = witness}, client) {}

  LoopbackProxy proxy{ZooKeeperServer::shared().port()};
  const std::shared_ptr<AnswerObserver> witness;
  const std::shared_ptr<ZooKeeperClient> client;
  ZooKeeperLock lock;
};

/// Three contenders for one lock, in one race after the other.
class Lane {
 public:
  /// Counts in `met` the races in which the purge was on its way when it was to be.
  explicit Lane(std::atomic<int>& met) : met_(met) {}

  void run(bool is_purge_first) {
    renewal(is_purge_first);
    renewal_in_time();
    release(is_purge_first);
    two_purgers(is_purge_first);
    claiming(is_purge_first);
  }

 private:
  /// A call of `lock` of the party's, which is in the queue now.
  struct Turn {
    Party& party;
    std::future<Lease> lease;
    std::string claim;  // "": it was granted before it had to wait
  };
  Turn queue_up(Party& party) {
    const std::size_t waits = party.witness->record.count("waiting");
    Turn turn{party, lock_async(party.lock), {}};
    const auto deadline = steady_clock::now() + kLongEnough;
    while (!is_ready(turn.lease, 1ms) && steady_clock::now() < deadline) {
      const std::vector<std::string> claims = party.witness->record.znodes("waiting");
      if (claims.size() == waits) continue;
      turn.claim = claims[waits];
      break;
    }
    return turn;
  }
  /// It is granted, and released again; or it took longer than its TTL until then.
  void end(Turn& turn) {
    if (!is_ready(turn.lease, kLongEnough)) {
      ADD_FAILURE() << turn.claim << " still waits";
      return;
    }
    try {
      const Lease lease = turn.lease.get();
      std::error_code error;
      turn.party.lock.unlock(lease, soon(), error);
      if (error) {
        EXPECT_EQ(error, Errc::lock_lost);
      }
    } catch (const LockError& error) {
      ADD_FAILURE() << "a user is shown an error: " << error.what();
    }
  }
  /// Waits until the party's purge, which is kept back, is on its way; or its turn comes without.
  void await_purge(Turn& turn, std::size_t met_before) {
    const auto deadline = steady_clock::now() + kLongEnough;
    while (turn.party.proxy.met() == met_before) {
      if (is_ready(turn.lease, 5ms)) return;
      if (steady_clock::now() < deadline) continue;
      ADD_FAILURE() << turn.claim << " neither purges nor is granted the lock";
      return;
    }
    ++met_;
  }
  /// Lets through what is kept back of one, and when it has been carried out, of the other.
  void let_through(bool is_purge_first, Party& other, Party& purger) {
    Party& first = is_purge_first ? purger : other;
    Party& second = is_purge_first ? other : purger;
    first.proxy.heal();
    EXPECT_TRUE(
        testing::as_claim_client(first.client)->check(path_, ZooKeeperClient::kAnyVersion, soon()));
    second.proxy.heal();
  }

  void renewal(bool is_purge_first) {
    const Lease lease = holder_.lock.lock(soon());
    next_.proxy.hold_at(request(Op::remove, lease.znode()));
    const std::size_t met = next_.proxy.met();
    Turn turn = queue_up(next_);
    holder_.proxy.hold_to_server();
    auto renewed = std::async(std::launch::async, [&lease] {
      std::error_code error;
      lease.renew(soon(), error);
      return error;
    });
    await_purge(turn, met);
    let_through(is_purge_first, holder_, next_);
    end(turn);
    EXPECT_EQ(renewed.get(), Errc::lock_lost) << "it was answered after the end of the TTL";
  }

  /// The purger has not seen the renewal.
  void renewal_in_time() {
    const Lease lease = holder_.lock.lock(soon());
    Turn turn = queue_up(next_);
    // What the claim says once its wait is a long one is answered before the news are kept back.
    EXPECT_TRUE(becomes_true([&] {
      const Result<Znode> claim = holder_.client->get(turn.claim, soon());
      return !claim || claim->stat.version > 0;
    }));
    next_.proxy.hold_at(event_of(lease.znode()));
    next_.proxy.hold_at(request(Op::remove, lease.znode()));
    const std::size_t met = next_.proxy.met();
    const auto begun = steady_clock::now();
    std::error_code error;
    lease.renew(soon(), error);
    const bool is_renewed = !error;
    if (is_renewed) {
      EXPECT_TRUE(next_.proxy.meets(met + 1)) << "it is not told of the renewal";
      await_purge(turn, met + 1);
    } else {
      EXPECT_EQ(error, Errc::lock_lost);  // it took long
    }
    next_.proxy.heal();
    if (is_renewed && is_ready(turn.lease, kLongEnough)) {
      EXPECT_GE(steady_clock::now(), begun + kTtl) << "purged in spite of the renewal";
    }
    end(turn);
  }

  void release(bool is_purge_first) {
    const Lease lease = holder_.lock.lock(soon());
    next_.proxy.hold_at(request(Op::remove, lease.znode()));
    const std::size_t met = next_.proxy.met();
    Turn turn = queue_up(next_);
    holder_.proxy.hold_to_server();
    auto released = std::async(std::launch::async, [this, &lease] {
      std::error_code error;
      holder_.lock.unlock(lease, soon(), error);
      return error;
    });
    await_purge(turn, met);
    let_through(is_purge_first, holder_, next_);
    end(turn);
    if (const std::error_code error = released.get()) {
      EXPECT_EQ(error, Errc::lock_lost);
    }
  }

  void two_purgers(bool is_next_first) {
    const Lease lease = holder_.lock.lock(soon());
    next_.proxy.hold_at(request(Op::remove, lease.znode()));
    third_.proxy.hold_at(request(Op::remove, lease.znode()));
    const std::size_t met = next_.proxy.met();
    const std::size_t third_met = third_.proxy.met();
    Turn turn = queue_up(next_);
    Turn third_turn = queue_up(third_);
    holder_.proxy.hold_to_server();
    await_purge(turn, met);
    if (!is_ready(turn.lease)) await_purge(third_turn, third_met);
    let_through(is_next_first, third_, next_);
    end(turn);
    end(third_turn);
    holder_.proxy.heal();
  }

  /// The next one's turn has come, and the write that says so is kept back.
  void claiming(bool is_purge_first) {
    const Lease lease = holder_.lock.lock(soon());
    Turn turn = queue_up(next_);
    if (turn.claim.empty()) return end(turn);  // it took long
    const std::size_t next_met = next_.proxy.met();
    next_.proxy.hold_at(request(Op::set, turn.claim));
    std::error_code error;
    holder_.lock.unlock(lease, soon(), error);
    if (error) {
      EXPECT_EQ(error, Errc::lock_lost);  // it took long
    }
    EXPECT_TRUE(next_.proxy.meets(next_met + 1));
    third_.proxy.hold_at(request(Op::remove, turn.claim));
    const std::size_t met = third_.proxy.met();
    Turn third_turn = queue_up(third_);
    await_purge(third_turn, met);
    let_through(is_purge_first, next_, third_);
    end(is_purge_first ? third_turn : turn);
    end(is_purge_first ? turn : third_turn);
  }

  std::atomic<int>& met_;
  const std::string path_ = unique_path();
  Leases leases_;
  Party holder_{path_, leases_};
  Party next_{path_, leases_};
  Party third_{path_, leases_};
};

TEST(TtlRaces, EndInOneOutcomeWithoutAnError) {
  std::atomic<int> met = 0;
  std::vector<std::future<void>> lanes;
  for (int i = 0; i < kLanes; ++i) {
    lanes.push_back(std::async(std::launch::async, [&met] {
      Lane lane(met);
      for (int round = 0; round < kRoundsOfEach; ++round) lane.run(round % 2 == 0);
    }));
  }
  for (std::future<void>& lane : lanes) EXPECT_NO_THROW(lane.get());
  RecordProperty("purges_kept_back", met.load());
  EXPECT_GT(met, 0) << "no purge was ever on its way when something crossed it";
}

}  // namespace
}  // namespace zklock::test
