// A purge, and what may cross it on its way: each race in both orders, which the network is made to
// keep, then with delays of any kind.
#include <gmock/gmock.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <future>
#include <random>
#include <string>
#include <system_error>

#include "support/as_claim_client.h"
#include "ttl_stage.h"

namespace zklock::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// How often each race is run. ZKLOCK_TTL_RACES asks for more.
int races() {
  const char* const wanted = std::getenv("ZKLOCK_TTL_RACES");
  return wanted != nullptr ? std::atoi(wanted) : 300;
}

/// Which of the two requests gets to the leader first.
enum class Order { purge_last, purge_first };

/// A holder, and two waiters: one race for each seed.
class Race {
 public:
  static constexpr nanoseconds kTtl = TtlStage::kTtl;
  static constexpr nanoseconds kPurgedAfter = TtlStage::kPurgedAfter;

  explicit Race(std::uint64_t seed, const FakeOptions& options = {})
      : stage(options), random_(seed) {}
  /// Nothing is left of it.
  ~Race() {
    for (const TtlContender* who : all_) stage.zookeeper.restore(who->client);
    stage.zookeeper.advance(1s);
    EXPECT_THAT(stage.zookeeper.children(TtlStage::kPath), IsEmpty());
    for (const TtlContender* who : all_)
      EXPECT_EQ(testing::as_claim_client(who->client)->pending_removals().count, 0U);
  }
  Race(const Race&) = delete;
  Race& operator=(const Race&) = delete;

  nanoseconds between(nanoseconds least, nanoseconds most) {
    const auto range = static_cast<std::uint64_t>((most - least).count()) + 1;
    return least + nanoseconds(static_cast<std::int64_t>(random_() % range));
  }
  void advance(nanoseconds time) { stage.zookeeper.advance(time); }

  /// The holder has the lock, and so much of its time left; the next one waits.
  struct LastMoments {
    Lease lease;
    std::future<Lease> turn;
    nanoseconds left;
  };
  LastMoments last_moments() {
    LastMoments last{holder.takes_it(), {}, {}};
    last.turn = stage.queues(next);
    last.left = between(1ns, kTtl / 2);
    advance(kTtl - last.left);
    return last;
  }
  /// Now it may be purged.
  void let_time_run_out(nanoseconds left) { advance(left + 1ms + between(1ns, 300ms)); }

  /// From now on all messages from and to these two are delayed.
  void hold_up(const TtlContender& one, const TtlContender& other) {
    stage.zookeeper.stall(one.client);
    stage.zookeeper.stall(other.client);
  }
  void let_through(const TtlContender& who) {
    stage.zookeeper.restore(who.client);
    advance(between(0ns, 20ms));
  }
  void let_through_in_order(Order order, const TtlContender& other, const TtlContender& purger) {
    let_through(order == Order::purge_last ? other : purger);
    let_through(order == Order::purge_last ? purger : other);
  }

  /// It is its turn, at the latest after the pause that follows a failed purge, and it does not
  /// keep the lock.
  void end_with(const TtlContender& who, std::future<Lease>& turn) {
    stage.await(turn, 500ms);
    const Lease lease = stage.granted(turn);
    EXPECT_TRUE(lease.valid());
    EXPECT_EQ(who.releases(lease), std::error_code());
  }

  TtlStage stage;
  const TtlContender holder = stage.contender("holder");
  const TtlContender next = stage.contender("next");
  const TtlContender third = stage.contender("third");

 private:
  std::mt19937_64 random_;
  const std::array<const TtlContender*, 3> all_{&holder, &next, &third};
};

/// Runs `run(race, number)` as often as is asked for.
template <class Run>
void run_races(const Run& run, const FakeOptions& options = {}) {
  for (int number = 0; number < races() && !::testing::Test::HasFailure(); ++number) {
    SCOPED_TRACE("race " + std::to_string(number));
    Race race(static_cast<std::uint64_t>(number), options);
    run(race, number);
  }
}

template <class Run>
void run_in_both_orders(const Run& run) {
  run_races([&run](Race& race, int number) {
    run(race, number % 2 == 0 ? Order::purge_last : Order::purge_first);
  });
}

// --- In an order that is kept -------------------------------------------------------------------

/// The holder has its answer in time; the purger has not seen the renewal.
TEST(LockTtlRacesTest, ARenewalBeatsAPurgeThatWasDecidedOnOlderData) {
  run_races([](Race& race, int number) {
    Race::LastMoments last = race.last_moments();
    const Lease& lease = last.lease;
    race.stage.zookeeper.stall(race.next.client);
    race.holder.machine->run([&] { lease.renew(); });
    race.let_time_run_out(last.left);  // it is sent, and held up
    EXPECT_TRUE(lease.valid());
    const bool is_released = number % 2 == 0;
    if (is_released) {
      EXPECT_EQ(race.holder.releases(lease), std::error_code());
    }
    race.let_through(race.next);
    EXPECT_EQ(TtlStage::has_ended(last.turn), is_released);
    EXPECT_EQ(lease.valid(), !is_released);
    race.stage.await(last.turn, 2 * Race::kTtl);
    race.end_with(race.next, last.turn);
    EXPECT_THAT(race.stage.referee->purged(), IsEmpty()) << "the holder's own library was there";
  });
}

/// Begun in time, but not answered in time.
TEST(LockTtlRacesTest, ARenewalAnsweredTooLateReportsTheLossInEitherOrder) {
  run_in_both_orders([](Race& race, Order order) {
    Race::LastMoments last = race.last_moments();
    const Lease& lease = last.lease;
    race.hold_up(race.holder, race.next);
    auto renewed = race.stage.begins(race.holder, [&lease] {
      std::error_code error;
      lease.renew({}, error);
      return error;
    });
    race.let_time_run_out(last.left);
    EXPECT_FALSE(lease.valid());
    race.let_through_in_order(order, race.holder, race.next);
    EXPECT_EQ(renewed.get(), Errc::lock_lost);
    EXPECT_EQ(lease.loss_reason(), LossReason::ttl_over);
    EXPECT_THAT(race.stage.referee->purged(), SizeIs(order == Order::purge_first ? 1 : 0));
    race.end_with(race.next, last.turn);
  });
}

TEST(LockTtlRacesTest, AReleaseSucceedsIfItComesFirstAndReportsTheLossOtherwise) {
  run_in_both_orders([](Race& race, Order order) {
    Race::LastMoments last = race.last_moments();
    const Lease& lease = last.lease;
    race.hold_up(race.holder, race.next);
    auto released = race.stage.begins(race.holder, [&] { return race.holder.unlocks(lease); });
    race.let_time_run_out(last.left);
    race.let_through_in_order(order, race.holder, race.next);
    const bool is_lost = order == Order::purge_first;
    EXPECT_EQ(released.get(), is_lost ? make_error_code(Errc::lock_lost) : std::error_code());
    EXPECT_THAT(race.stage.referee->purged(), SizeIs(is_lost ? 1 : 0));
    race.end_with(race.next, last.turn);
  });
}

/// The holder hangs for its user only: its library removes the claim when the time is over.
TEST(LockTtlRacesTest, TheHolderAndAPurgerRemoveTheClaimOnce) {
  run_in_both_orders([](Race& race, Order order) {
    const Lease lease = race.holder.takes_it();
    auto turn = race.stage.queues(race.next);
    race.advance(race.between(0ns, Race::kTtl - 1ns));
    race.hold_up(race.holder, race.next);
    race.advance(Race::kPurgedAfter + race.between(0ns, 300ms));
    race.let_through_in_order(order, race.holder, race.next);
    EXPECT_THAT(race.stage.referee->purged(), SizeIs(order == Order::purge_first ? 1 : 0));
    EXPECT_EQ(race.holder.releases(lease), Errc::lock_lost);
    race.end_with(race.next, turn);
  });
}

TEST(LockTtlRacesTest, OfTwoPurgersOnePurgesAndTheQueueStaysInOrder) {
  run_in_both_orders([](Race& race, Order order) {
    const Lease lease = race.holder.takes_it();
    auto turn = race.stage.queues(race.next);
    auto third_turn = race.stage.queues(race.third);
    race.holder.machine->freeze();
    race.advance(race.between(100ms, Race::kTtl - 1ns));
    race.hold_up(race.next, race.third);
    race.advance(Race::kPurgedAfter + 150ms + race.between(1ns, 300ms));  // the backup's time, too
    race.let_through_in_order(order, race.third, race.next);
    EXPECT_THAT(race.stage.referee->purged(), ElementsAre(lease.znode()));
    EXPECT_FALSE(TtlStage::has_ended(third_turn));
    race.holder.machine->thaw();
    EXPECT_EQ(race.holder.releases(lease), Errc::lock_lost);
    race.end_with(race.next, turn);
    race.end_with(race.third, third_turn);
  });
}

/// The next one's turn has come, but it cannot learn of that, or cannot write it. A newcomer has
/// seen its claim first for as long as it may hold the lock.
TEST(LockTtlRacesTest, TheWriteThatClaimsTheLockBeatsAPurgeOrNoticesIt) {
  run_in_both_orders([](Race& race, Order order) {
    const Lease lease = race.holder.takes_it();
    auto turn = race.stage.queues(race.next);
    // It says that it waits, or has not come to that yet.
    race.advance(race.between(0ns, 100ms));
    race.stage.zookeeper.stall(race.next.client);
    EXPECT_EQ(race.holder.releases(lease), std::error_code());
    race.advance(race.between(0ns, 100ms));
    auto third_turn = race.stage.queues(race.third);
    race.advance(race.between(0ns, Race::kTtl - 250ms));
    race.stage.zookeeper.stall(race.third.client);
    race.advance(Race::kPurgedAfter);
    race.let_through_in_order(order, race.next, race.third);
    if (order == Order::purge_last) {
      EXPECT_THAT(race.stage.referee->purged(), IsEmpty());
      EXPECT_THAT(race.stage.referee->requeued(), IsEmpty());
      EXPECT_FALSE(TtlStage::has_ended(third_turn));
      race.end_with(race.next, turn);
      race.end_with(race.third, third_turn);
    } else {
      EXPECT_THAT(race.stage.referee->purged(), SizeIs(1));
      EXPECT_THAT(race.stage.referee->requeued(), race.stage.referee->purged());
      EXPECT_FALSE(TtlStage::has_ended(turn));
      race.end_with(race.third, third_turn);
      race.end_with(race.next, turn);
    }
  });
}

// --- In any order -------------------------------------------------------------------------------

/// What a holder does whose time is nearly over.
std::error_code act(const TtlContender& holder, const Lease& lease, int what) {
  std::error_code error;
  if (what == 0) return holder.unlocks(lease);
  if (what == 1) lease.renew({}, error);
  return error;
}

/// All of it at about the time when the holder may be purged, on a network that delays everything.
TEST(LockTtlRacesTest, AnyDelayEndsInOneOutcomeWithoutAnError) {
  int told_lost = 0;
  int purged = 0;
  const auto run = [&](Race& race, int number) {
    const Lease lease = race.holder.takes_it();
    auto turn = race.stage.queues(race.next);
    race.advance(20ms);
    auto third_turn = race.stage.queues(race.third);
    race.advance(Race::kTtl - 20ms - race.between(0ns, 12ms));
    auto acted = race.stage.begins(
        race.holder, [&race, &lease, what = number % 3] { return act(race.holder, lease, what); });
    // Now and then for long enough that the backup comes into it.
    const nanoseconds longest = number % 2 == 0 ? 10ms : 200ms;
    for (const TtlContender* who : {&race.holder, &race.next, &race.third}) {
      race.advance(race.between(0ns, 3ms));
      race.stage.zookeeper.stall(who->client);
      race.advance(race.between(0ns, longest));
      race.stage.zookeeper.restore(who->client);
    }
    race.stage.await(turn, 3 * Race::kTtl);
    race.end_with(race.next, turn);
    race.stage.await(third_turn, Race::kTtl);
    race.end_with(race.third, third_turn);
    ASSERT_TRUE(TtlStage::has_ended(acted));
    if (const std::error_code error = acted.get()) {
      EXPECT_EQ(error, Errc::lock_lost);
      ++told_lost;
    }
    EXPECT_LE(race.stage.referee->purged().size(), 1U);
    purged += static_cast<int>(race.stage.referee->purged().size());
  };
  run_races(run, {.latency = 500us, .jitter = 2ms});
  EXPECT_GT(told_lost, 0) << "the holder was always in time";
  EXPECT_GT(purged, 0) << "nobody was ever purged";
  EXPECT_LT(purged, races()) << "the holder never was in time";
}

}  // namespace
}  // namespace zklock::testing
