#include "lock/purger.h"

#include "call_fixture.h"

namespace zklock::internal {
namespace {

using ::testing::_;
using ::testing::Return;

constexpr const char* kHolder = "/locks/first-1";
constexpr std::chrono::milliseconds kTtl = 10s;
constexpr std::chrono::milliseconds kTtlAndDrift = 10'010ms;

/// The holder was seen first just now, with a TTL of 10 s.
class PurgerTest : public LockCallTest {
 protected:
  PurgerTest() : LockCallTest(kTtl) {
    call_.ahead.claims_ahead = 1;
    call_.ahead.holder_path = kHolder;
    HolderView& holder = call_.ahead.holder.emplace();
    holder.stat.version = 3;
    holder.stat.mzxid = 101;  // after the own claim was made
    holder.first_seen = time_.steady_now();
    holder.metadata = settings_->metadata("user2");
  }

  static Standing next() { return {Standing::Place::behind, "first-1", "first-1", "", 1}; }
  static Standing further_back(std::size_t claims_ahead) {
    return {Standing::Place::behind, "first-1", "ahead-5", "second-4", claims_ahead};
  }
  [[nodiscard]] std::chrono::nanoseconds due_in() const {
    return *purger_.due_at() - time_.steady_now();
  }
  void expect_removal(const Result<void>& answer) {
    EXPECT_CALL(*zk_, remove(kHolder, 3, _)).WillOnce(Return(answer));
  }
  /// The holder's time passes.
  [[nodiscard]] Result<NextStep> purge_in_time() {
    time_.advance(kTtlAndDrift);
    return purger_.purge(next());
  }

  Purger purger_{call_, claim_};
};

TEST_F(PurgerTest, PlansNothingBeforeTheHolderIsRead) {
  EXPECT_EQ(purger_.due_at(), std::nullopt);
  EXPECT_FALSE(purger_.is_due());
}

TEST_F(PurgerTest, TheNextClaimPurgesWhenTheTtlIsOver) {
  purger_.plan(next());
  EXPECT_EQ(due_in(), kTtlAndDrift);
  EXPECT_FALSE(purger_.is_due());
  time_.advance(kTtlAndDrift);
  EXPECT_TRUE(purger_.is_due());
}

TEST_F(PurgerTest, AnotherPlaceForgetsThePlan) {
  purger_.plan(next());
  purger_.forget_plan();
  EXPECT_EQ(purger_.due_at(), std::nullopt);
}

TEST_F(PurgerTest, ClaimsFurtherBackPurgeLaterAsItsBackup) {
  call_.ahead.holder->first_seen = time_.steady_now() - 9s;
  purger_.plan(further_back(2));
  EXPECT_EQ(due_in(), 1'010ms + 150ms);
  purger_.plan(further_back(4));
  EXPECT_EQ(due_in(), 1'010ms + 3 * 150ms);
  purger_.plan(further_back(1'000));
  EXPECT_EQ(due_in(), 1'010ms + 8 * 150ms) << "the delay is bounded";
}

TEST_F(PurgerTest, ClaimsFurtherBackReadAHolderWithoutATtlAgain) {
  call_.ahead.holder->metadata.reset();
  purger_.plan(next());
  EXPECT_EQ(purger_.due_at(), std::nullopt);
  purger_.plan(further_back(2));
  EXPECT_EQ(due_in(), kTtl + 150ms);
}

TEST_F(PurgerTest, AHolderThatCouldNotBeReadIsReadAgainSoon) {
  purger_.plan_another_look();
  EXPECT_EQ(due_in(), 1s);
}

TEST_F(PurgerTest, PurgesByTheVersionThatWasRead) {
  expect_removal({});
  EXPECT_EQ(*purge_in_time(), NextStep::list_again);
}

TEST_F(PurgerTest, DoesNotPurgeBeforeTheTimeIsOver) {
  time_.advance(kTtlAndDrift - 1ms);
  EXPECT_EQ(*purger_.purge(next()), NextStep::keep_waiting);  // no request
  EXPECT_EQ(due_in(), 1ms) << "planned anew";
}

TEST_F(PurgerTest, ARenewalBeatsThePurge) {
  expect_removal(ZooKeeperErrc::bad_version);
  EXPECT_EQ(*purge_in_time(), NextStep::list_again);
}

TEST_F(PurgerTest, AHolderThatIsGoneAlreadyNeedsANewList) {
  expect_removal(ZooKeeperErrc::no_node);
  EXPECT_EQ(*purge_in_time(), NextStep::list_again);
}

TEST_F(PurgerTest, AttemptsInVainGetSlower) {
  const zklock::testing::TimePasses passes(time_.time());
  EXPECT_CALL(*zk_, remove).WillRepeatedly(Return(ZooKeeperErrc::no_node));
  EXPECT_EQ(*purge_in_time(), NextStep::list_again);
  const SteadyTime begun = time_.steady_now();
  EXPECT_EQ(*purger_.purge(next()), NextStep::list_again);
  EXPECT_GE(time_.steady_now() - begun, 5ms);
}

TEST_F(PurgerTest, WithoutThePermissionTheLockFails) {
  expect_removal(ZooKeeperErrc::no_auth);
  try {
    static_cast<void>(purge_in_time());
    ADD_FAILURE() << "nothing thrown";
  } catch (const LockError& error) {
    EXPECT_EQ(error.code(), Errc::expire_lock_failed);
    EXPECT_EQ(error.cause(), ZooKeeperErrc::no_auth);
  }
}

TEST_F(PurgerTest, OtherErrorsAreReported) {
  expect_removal(ZooKeeperErrc::connection_loss);
  EXPECT_EQ(purge_in_time().error(), ZooKeeperErrc::connection_loss);
}

}  // namespace
}  // namespace zklock::internal
