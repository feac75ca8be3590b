#include "lock/lease_state.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "support/test_session.h"
#include "support/virtual_clock.h"

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;
using zklock::testing::in_background;
using zklock::testing::TestSession;

class PlainLease final : public LeaseState {
 public:
  using LeaseState::LeaseState;
  using LeaseState::prolong;
  void renew(const Context&) override {}
  void verify(const Context&) override {}
  void on_loss() noexcept override {
    ++losses;
    told_when_lost = lost().stop_requested();
  }
  void after_loss() noexcept override { over.set_value(std::this_thread::get_id()); }

  std::atomic<int> losses{0};
  std::atomic<bool> told_when_lost{false};
  std::promise<std::thread::id> over;
};

class LeaseStateTest : public ::testing::Test {
 protected:
  std::shared_ptr<PlainLease> lease(std::optional<std::chrono::nanoseconds> ttl = std::nullopt) {
    std::optional<BootTime> end;
    if (ttl) end = time_.boot_now() + *ttl;
    auto state = std::make_shared<PlainLease>(Grant{"/locks/c-1", 7, session_, session_->lost()},
                                              "", end, Background::shared());
    state->start();
    return state;
  }

  zklock::testing::VirtualClock time_;
  const std::shared_ptr<TestSession> session_ = std::make_shared<TestSession>(1);
};

TEST_F(LeaseStateTest, IsHeldAtFirst) {
  const auto state = lease();
  EXPECT_TRUE(state->valid());
  EXPECT_FALSE(state->is_released());
  EXPECT_FALSE(state->loss_reason());
  EXPECT_EQ(state->grant().fencing_token, 7);
  EXPECT_EQ(state->valid_until(), SteadyTime::max());
}

TEST_F(LeaseStateTest, RequireEndsByItsDeadlineThoughTheSessionSaysTooEarlyThatItIsCertain) {
  const auto state = lease();
  session_->be_certain_until(time_.steady_now() + 1s);
  std::error_code error;
  try {
    state->require(2s, Context().with_timeout(0s));
  } catch (const LockError& thrown) {
    error = thrown.code();
  }
  EXPECT_EQ(error, Errc::no_server_answered);
  EXPECT_TRUE(state->valid());
}

TEST_F(LeaseStateTest, IsReleasedOnceAndThenNeverLost) {
  const auto state = lease();
  EXPECT_TRUE(state->release());
  EXPECT_FALSE(state->release());
  EXPECT_FALSE(state->lose(LossReason::claim_deleted));
  state->lose_now(LossReason::claim_deleted);
  session_->lose();
  EXPECT_TRUE(state->is_released());
  EXPECT_FALSE(state->valid());
  EXPECT_FALSE(state->loss_reason());
  EXPECT_FALSE(state->lost().stop_requested());
  EXPECT_EQ(state->losses, 0);
}

TEST_F(LeaseStateTest, IsLostOnceForTheFirstReasonAndThenNeverReleased) {
  const auto state = lease();
  EXPECT_TRUE(state->lose(LossReason::claim_deleted));
  EXPECT_FALSE(state->lose(LossReason::ttl_over));
  EXPECT_FALSE(state->release());
  EXPECT_FALSE(state->is_released());
  EXPECT_EQ(state->loss_reason(), LossReason::claim_deleted);
  EXPECT_EQ(state->losses, 1);
}

TEST_F(LeaseStateTest, LossIsReportedOnTheCallbackThread) {
  const auto state = lease();
  state->lose(LossReason::claim_deleted);
  EXPECT_FALSE(state->told_when_lost);  // what makes it invalid comes first
  EXPECT_NE(state->over.get_future().get(), std::this_thread::get_id());
  EXPECT_TRUE(state->lost().stop_requested());
}

TEST_F(LeaseStateTest, LoseNowReportsTheLossBeforeItReturns) {
  const auto state = lease();
  state->lose_now(LossReason::client_closed);
  EXPECT_TRUE(state->lost().stop_requested());
  EXPECT_EQ(state->over.get_future().get(), std::this_thread::get_id());
}

TEST_F(LeaseStateTest, ASessionThatIsAlreadyLostLosesIt) {
  session_->lose(LossReason::cut_off);
  const auto state = lease();
  EXPECT_FALSE(state->valid());
  EXPECT_EQ(state->loss_reason(), LossReason::cut_off);
}

TEST_F(LeaseStateTest, SessionLossIsReportedAutomatically) {
  const auto state = lease();
  session_->lose();
  state->over.get_future().wait();
  EXPECT_EQ(state->loss_reason(), LossReason::session_expired);
}

TEST_F(LeaseStateTest, TheEarliestEndCounts) {
  const auto state = lease(10s);
  EXPECT_EQ(state->valid_until(), time_.steady_now() + 10s);
  session_->be_certain_until(time_.steady_now() + 5s);
  EXPECT_EQ(state->valid_until(), time_.steady_now() + 5s);
  time_.advance(5s);
  EXPECT_FALSE(state->valid());
  EXPECT_EQ(state->loss_reason(), LossReason::cut_off);
  EXPECT_EQ(state->valid_until(), SteadyTime::min());
}

TEST_F(LeaseStateTest, EndsAtItsTtlAndNotBefore) {
  const auto state = lease(10s);
  time_.advance(10s - 1ns);
  EXPECT_TRUE(state->valid());
  time_.advance(1ns);
  EXPECT_FALSE(state->valid());
  EXPECT_EQ(state->loss_reason(), LossReason::ttl_over);
}

TEST_F(LeaseStateTest, IsNotReleasedAfterItsEnd) {
  const auto state = lease(10s);
  time_.advance(10s);
  EXPECT_FALSE(state->release());
  EXPECT_EQ(state->loss_reason(), LossReason::ttl_over);
}

TEST_F(LeaseStateTest, ProlongingMovesTheTimerToo) {
  const auto state = lease(10s);
  state->prolong(time_.boot_now() + 20s);
  time_.advance(15s);
  EXPECT_TRUE(state->valid());
  time_.advance(5s);
  state->over.get_future().wait();
  EXPECT_EQ(state->loss_reason(), LossReason::ttl_over);
}

TEST_F(LeaseStateTest, ATtlBeyondTheClockNeverEnds) {
  const auto state = std::make_shared<PlainLease>(Grant{"/c-1", 7, nullptr, {}}, "",
                                                  BootTime::max(), Background::shared());
  state->start();
  time_.advance(24h);
  EXPECT_TRUE(state->valid());
  EXPECT_EQ(state->valid_until(), SteadyTime::max());
}

TEST_F(LeaseStateTest, HasOneOwner) {
  const auto state = lease();
  EXPECT_EQ(state->owner(), "");
  EXPECT_TRUE(state->set_owner("user1"));
  EXPECT_FALSE(state->set_owner("user2"));
  EXPECT_EQ(state->owner(), "user1");
}

TEST_F(LeaseStateTest, MayBeDestroyedWhileItsTimerRuns) {
  for (int i = 0; i < 100; ++i) {
    auto state = lease(1ms);
    const std::weak_ptr<PlainLease> watched = state;
    auto passing = in_background([&] { time_.advance(1ms); });
    state.reset();
    passing.get();
    EXPECT_TRUE(watched.expired()) << "its timer still holds it";
  }
}

TEST_F(LeaseStateTest, ExactlyOneThreadEndsIt) {
  for (int i = 0; i < 50; ++i) {
    const auto state = lease();
    std::atomic<int> ends{0};
    {
      std::jthread a([&] { ends += state->release() ? 1 : 0; });
      std::jthread b([&] { ends += state->lose(LossReason::ttl_over) ? 1 : 0; });
      std::jthread c([&] { ends += state->lose(LossReason::cut_off) ? 1 : 0; });
    }
    EXPECT_EQ(ends, 1);
  }
}

}  // namespace
}  // namespace zklock::internal
