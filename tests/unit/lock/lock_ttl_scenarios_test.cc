// TTLs between whole processes, on the fake ensemble: holders that hang, waiters that wait for
// long, clocks that show something else.
#include <gmock/gmock.h>

#include <array>
#include <future>
#include <string>
#include <vector>

#include "support/as_claim_client.h"
#include "ttl_stage.h"

namespace zklock::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LockTtlScenariosTest : public ::testing::Test {
 protected:
  static constexpr nanoseconds kTtl = TtlStage::kTtl;
  /// How much later than its TTL a holder that hangs is replaced at the latest.
  static constexpr nanoseconds kGrace = 500ms;

  void advance(nanoseconds time) { stage_.zookeeper.advance(time); }
  [[nodiscard]] std::vector<std::string> claims() const {
    return stage_.zookeeper.children(TtlStage::kPath);
  }

  TtlStage stage_{{.servers = 3}};
  const TtlContender holder_ = stage_.contender("holder");
  const TtlContender next_ = stage_.contender("next");
  const TtlContender third_ = stage_.contender("third");
};

// --- Holders that hang --------------------------------------------------------------------------

TEST_F(LockTtlScenariosTest, AHolderThatDoesNotUnlockIsReplacedInTimeAndInOrder) {
  const Lease lease = holder_.takes_it();
  auto turn = stage_.queues(next_);
  auto third_turn = stage_.queues(third_);
  advance(kTtl - 1ns);
  EXPECT_TRUE(lease.valid());
  EXPECT_FALSE(TtlStage::has_ended(turn));
  advance(1ns);
  EXPECT_TRUE(lease.lost().stop_requested());
  EXPECT_EQ(lease.loss_reason(), LossReason::ttl_over);
  EXPECT_LE(stage_.await(turn, 1min), kGrace);
  EXPECT_FALSE(TtlStage::has_ended(third_turn));
  EXPECT_EQ(holder_.releases(lease), Errc::lock_lost);
  const Lease next_lease = stage_.granted(turn);
  EXPECT_THAT(claims(), ElementsAre(next_lease.znode(), ::testing::_));
  EXPECT_EQ(next_.releases(next_lease), std::error_code());
  EXPECT_TRUE(stage_.granted(third_turn).valid());
}

TEST_F(LockTtlScenariosTest, AFrozenHolderIsPurgedInTimeWhileItsSessionLives) {
  const Lease lease = holder_.takes_it();
  auto turn = stage_.queues(next_);
  auto third_turn = stage_.queues(third_);
  holder_.machine->freeze();
  advance(kTtl);
  EXPECT_THAT(stage_.referee->purged(), IsEmpty());
  EXPECT_LE(stage_.await(turn, 1min), kGrace);
  EXPECT_THAT(stage_.referee->purged(), ElementsAre(lease.znode()));
  EXPECT_EQ(next_.releases(stage_.granted(turn)), std::error_code());
  EXPECT_TRUE(stage_.granted(third_turn).valid());
  holder_.machine->thaw();
  EXPECT_FALSE(lease.valid());
  EXPECT_EQ(holder_.releases(lease), Errc::lock_lost);
  EXPECT_FALSE(testing::as_claim_client(holder_.client)->session_lost().stop_requested());
}

TEST_F(LockTtlScenariosTest, ANewcomerWatchesAFrozenHolderForItsTtl) {
  const Lease lease = holder_.takes_it();
  holder_.machine->freeze();
  advance(kTtl + 3ms);
  const auto turn = stage_.queues(next_);
  advance(kTtl);
  EXPECT_FALSE(TtlStage::has_ended(turn));
  advance(kTtl / 1'000 + 1ms);
  EXPECT_TRUE(TtlStage::has_ended(turn));
  EXPECT_THAT(stage_.referee->purged(), ElementsAre(lease.znode()));
}

TEST_F(LockTtlScenariosTest, AWaiterWithoutATtlGetsTheLockWhenTheHoldersTtlEnds) {
  const TtlContender patient = stage_.contender("patient", 0ms);
  const Lease lease = holder_.takes_it();
  const auto turn = stage_.queues(patient);
  advance(kTtl - 1ns);
  EXPECT_FALSE(TtlStage::has_ended(turn));
  advance(1ms);
  EXPECT_TRUE(TtlStage::has_ended(turn));
  EXPECT_THAT(stage_.referee->purged(), IsEmpty());
}

TEST_F(LockTtlScenariosTest, AWaiterWithoutATtlWaitsForAFrozenHolder) {
  const TtlContender patient = stage_.contender("patient", 0ms);
  const Lease lease = holder_.takes_it();
  const auto turn = stage_.queues(patient);
  holder_.machine->freeze();
  advance(10s);  // its session lives for 20
  EXPECT_FALSE(TtlStage::has_ended(turn));
  holder_.machine->thaw();
  EXPECT_TRUE(TtlStage::has_ended(turn));
  EXPECT_THAT(stage_.referee->purged(), IsEmpty());
}

// --- Holders and waiters that take long ---------------------------------------------------------

TEST_F(LockTtlScenariosTest, ALongWaiterIsNotPurgedAndGetsItsFullTtl) {
  const Lease lease = holder_.takes_it();
  auto turn = stage_.queues(next_);
  auto third_turn = stage_.queues(third_);
  for (int i = 0; i < 20; ++i) {
    advance(kTtl / 2);
    holder_.machine->run([&] { lease.renew(); });
  }
  EXPECT_EQ(holder_.releases(lease), std::error_code());
  const Lease next_lease = stage_.granted(turn);
  next_.machine->freeze();
  advance(kTtl - 1ns);
  EXPECT_TRUE(next_lease.valid());
  EXPECT_THAT(stage_.referee->purged(), IsEmpty());
  EXPECT_LE(stage_.await(third_turn, 1min), kGrace);
  EXPECT_THAT(stage_.referee->purged(), ElementsAre(next_lease.znode()));
  next_.machine->thaw();
}

TEST_F(LockTtlScenariosTest, ALongWaiterWithoutATtlIsNotPurged) {
  const TtlContender patient = stage_.contender("patient", 0ms);
  const Lease lease = holder_.takes_it();
  auto turn = stage_.queues(patient);
  const auto third_turn = stage_.queues(third_);
  for (int i = 0; i < 20; ++i) {
    advance(kTtl / 2);
    holder_.machine->run([&] { lease.renew(); });
  }
  EXPECT_EQ(holder_.releases(lease), std::error_code());
  const Lease patient_lease = stage_.granted(turn);
  advance(1min);
  EXPECT_TRUE(patient_lease.valid());
  EXPECT_FALSE(TtlStage::has_ended(third_turn));
  EXPECT_EQ(patient.releases(patient_lease), std::error_code());
  EXPECT_TRUE(TtlStage::has_ended(third_turn));
}

TEST_F(LockTtlScenariosTest, RenewalsKeepTheLockAndItEndsOnTimeWithoutThem) {
  const Lease lease = holder_.takes_it();
  auto turn = stage_.queues(next_);
  nanoseconds held{0};
  for (; held < 10 * kTtl; held += kTtl * 9 / 10) {
    advance(kTtl * 9 / 10);
    ASSERT_TRUE(lease.valid()) << "after " << held.count() << " ns";
    holder_.machine->run([&] { lease.renew(); });
  }
  EXPECT_FALSE(TtlStage::has_ended(turn));
  advance(kTtl - 1ns);
  EXPECT_TRUE(lease.valid());
  advance(1ns);
  EXPECT_TRUE(lease.lost().stop_requested());
  EXPECT_LE(stage_.await(turn, 1min), kGrace);
  EXPECT_TRUE(stage_.granted(turn).valid());
}

TEST_F(LockTtlScenariosTest, AllWaitersSeeTheRenewals) {
  const Lease lease = holder_.takes_it();
  auto turn = stage_.queues(next_);
  const auto third_turn = stage_.queues(third_);
  advance(kTtl - 10ms);
  holder_.machine->run([&] { lease.renew(); });
  holder_.machine->freeze();
  advance(kTtl);  // the backup has asked, too
  EXPECT_THAT(stage_.referee->purged(), IsEmpty());
  EXPECT_LE(stage_.await(turn, 1min), kGrace);
  EXPECT_FALSE(TtlStage::has_ended(third_turn));
  holder_.machine->thaw();
}

TEST_F(LockTtlScenariosTest, ManyWaitersPurgeOnce) {
  std::vector<TtlContender> crowd;
  for (int i = 0; i < 30; ++i) crowd.push_back(stage_.contender("host" + std::to_string(i)));
  const Lease lease = holder_.takes_it();
  std::vector<std::future<Lease>> turns;
  for (const TtlContender& who : crowd) turns.push_back(stage_.queues(who));
  holder_.machine->freeze();
  stage_.await(turns[0], kTtl + kGrace);
  for (std::size_t i = 0; i < crowd.size(); ++i) {
    EXPECT_EQ(crowd[i].releases(stage_.granted(turns[i])), std::error_code());
  }
  EXPECT_THAT(stage_.referee->purged(), ElementsAre(lease.znode()));
  EXPECT_THAT(stage_.referee->requeued(), IsEmpty());
  holder_.machine->thaw();
}

/// A waiter whose steady clock runs fast within what is allowed for, and whose wall clock is ahead:
/// it knows the servers' time by its steady clock only, and the less the longer it waits.
TEST_F(LockTtlScenariosTest, AWaiterWhoseClockRunsFastDoesNotPurgeARenewedHolderEarly) {
  next_.machine->set_drift(400);
  next_.machine->step_wall_clock(1h);
  const Lease lease = holder_.takes_it();
  const auto turn = stage_.queues(next_);
  for (int i = 0; i < 400; ++i) {
    advance(kTtl * 9 / 10);
    ASSERT_TRUE(lease.valid()) << "after " << i << " renewals: " << lease.loss_reason().message();
    holder_.machine->run([&] { lease.renew(); });
    ASSERT_THAT(stage_.referee->purged(), IsEmpty());
  }
  EXPECT_FALSE(TtlStage::has_ended(turn));
}

// --- Clocks -------------------------------------------------------------------------------------

/// Whose clock shows something else, and whether from the beginning or from the middle of a hold.
struct Clocks {
  enum class Whose {
    holders,
    contenders,
    servers,
    servers_and_contenders,
    next_leaders,
    next_leaders_and_contenders
  };
  Whose whose;
  nanoseconds step;
  bool is_late;
};

class LockTtlClocksTest : public LockTtlScenariosTest,
                          public ::testing::WithParamInterface<Clocks> {
 protected:
  /// The lock is held, and its holder hangs. `wait_for_it()` is called right after the grant.
  template <class WaitForIt>
  void hold(const WaitForIt& wait_for_it) {
    if (!GetParam().is_late) step();
    lease_ = holder_.takes_it();
    wait_for_it();
    advance(kTtl / 3);
    if (GetParam().is_late) step();
    holder_.machine->freeze();
  }

  Lease lease_;

 private:
  void step() {
    const auto [whose, step, is_late] = GetParam();
    switch (whose) {
      case Clocks::Whose::holders:
        holder_.machine->step_wall_clock(step);
        break;
      case Clocks::Whose::contenders:
        next_.machine->step_wall_clock(step);
        break;
      case Clocks::Whose::servers_and_contenders:  // one time source, and it is wrong
        next_.machine->step_wall_clock(step);
        [[fallthrough]];
      case Clocks::Whose::servers:  // the same one leads
        stage_.zookeeper.step_wall_clock(step);
        break;
      case Clocks::Whose::next_leaders_and_contenders:
        next_.machine->step_wall_clock(step);
        [[fallthrough]];
      case Clocks::Whose::next_leaders:
        stage_.zookeeper.change_leader((stage_.zookeeper.leader() + 1) % 3, step);
        break;
    }
  }
};

std::vector<Clocks> all_clocks() {
  std::vector<Clocks> all;
  for (const Clocks::Whose whose :
       {Clocks::Whose::holders, Clocks::Whose::contenders, Clocks::Whose::servers,
        Clocks::Whose::servers_and_contenders, Clocks::Whose::next_leaders,
        Clocks::Whose::next_leaders_and_contenders}) {
    for (const nanoseconds step : {nanoseconds(1h), nanoseconds(-1h)}) {
      for (const bool is_late : {false, true}) all.push_back({whose, step, is_late});
    }
  }
  return all;
}

std::string name_of(const ::testing::TestParamInfo<Clocks>& info) {
  static constexpr std::array kWhose{"Holders",     "Contenders",
                                     "Servers",     "ServersAndContenders",
                                     "NextLeaders", "NextLeadersAndContenders"};
  const auto [whose, step, is_late] = info.param;
  return std::string(kWhose.at(static_cast<std::size_t>(whose))) + (is_late ? "Jumps" : "Is") +
         (step > 0s ? "Ahead" : "Behind");
}

INSTANTIATE_TEST_SUITE_P(, LockTtlClocksTest, ::testing::ValuesIn(all_clocks()), name_of);

TEST_P(LockTtlClocksTest, AWaiterPurgesInTime) {
  std::future<Lease> turn;
  hold([&] { turn = stage_.queues(next_); });
  for (; lease_.valid(); advance(1ms)) {
    ASSERT_THAT(stage_.referee->purged(), IsEmpty());
    ASSERT_THAT(claims(), SizeIs(2));
  }
  EXPECT_LE(stage_.await(turn, 1min), kGrace);
  EXPECT_THAT(stage_.referee->purged(), ElementsAre(lease_.znode()));
  EXPECT_TRUE(stage_.granted(turn).valid());
  holder_.machine->thaw();
}

/// Newcomers make one attempt each while the lock is held, and have seen nothing before.
TEST_P(LockTtlClocksTest, NoNewcomerPurgesEarly) {
  hold([] {});
  for (; lease_.valid(); advance(10ms)) {
    next_.machine->run([this] {
      ZooKeeperLock newcomer({.path = TtlStage::kPath, .ttl = 1s, .observer = stage_.referee},
                             next_.client);
      ASSERT_FALSE(newcomer.try_lock());
    });
    ASSERT_THAT(stage_.referee->purged(), IsEmpty());
  }
  // A contender has to watch it for a TTL, whatever clocks show.
  const auto turn = stage_.queues(next_);
  EXPECT_LE(stage_.await(turn, 1min), kTtl + kGrace);
  EXPECT_THAT(stage_.referee->purged(), ElementsAre(lease_.znode()));
  holder_.machine->thaw();
}

}  // namespace
}  // namespace zklock::testing
