#include "lock/neighbours.h"

#include "call_fixture.h"

namespace zklock::internal {
namespace {

using ::testing::_;
using ::testing::Return;
using Type = WatchEvent::Type;

constexpr const char* kAhead = "/locks/ahead-5";
constexpr const char* kSecondAhead = "/locks/second-4";

/// Two claims are ahead and, in most tests, watched.
class NeighboursTest : public LockCallTest {
 protected:
  static Standing third() { return {Standing::Place::behind, "first-1", "ahead-5", "second-4", 2}; }
  static Standing next() { return {Standing::Place::behind, "ahead-5", "ahead-5", "", 1}; }

  void watch_ahead() {
    expect_watch(kAhead, znode(50));
    ASSERT_EQ(*neighbours_.watch_ahead(third()), NextStep::keep_waiting);
  }
  void watch_second_ahead() {
    expect_watch(kSecondAhead, znode(40));
    neighbours_.watch_second_ahead(third(), true);
  }
  void watch_own() {
    expect_watch(kOwn, znode(100));
    neighbours_.watch_own();
  }
  [[nodiscard]] Neighbours::Events await_events(const Neighbours& neighbours,
                                                const Standing& standing, SteadyTime until) {
    ContextWait wait(*call_.monitor, call_.context);
    return neighbours.await_events(standing, until, wait);
  }
  /// What has been reported so far.
  [[nodiscard]] Neighbours::Events events(const Standing& standing) {
    return await_events(neighbours_, standing, time_.steady_now());
  }
  [[nodiscard]] NextStep step(const Standing& standing) { return events(standing).step; }

  Neighbours neighbours_{call_, claim_};
};

TEST_F(NeighboursTest, WithoutEventsTheWaitGoesOn) {
  watch_ahead();
  watch_second_ahead();
  watch_own();
  EXPECT_FALSE(events(third()).any());
}

TEST_F(NeighboursTest, DeletionOfTheHolderIsTheGrant) {
  watch_ahead();
  report(kAhead, Type::deleted);
  EXPECT_EQ(step(next()), NextStep::granted);
}

TEST_F(NeighboursTest, DeletionOfAWaiterNeedsANewList) {
  watch_ahead();
  report(kAhead, Type::deleted);
  EXPECT_EQ(step(third()), NextStep::list_again);
}

TEST_F(NeighboursTest, DeletionReportedOnAnotherConnectionNeedsANewList) {
  watch_ahead();
  report(kAhead, Type::deleted, 2);
  EXPECT_EQ(step(next()), NextStep::list_again);
}

TEST_F(NeighboursTest, DeletionOfAWaiterOfThisProcessIsTheGrantOnceItWasFirst) {
  watch_ahead();
  const auto progress = settings_->local_queue->add(kAhead, 50);
  neighbours_.find_ahead_in_process(third());
  ASSERT_TRUE(neighbours_.is_ahead_in_process());
  EXPECT_TRUE(neighbours_.needs_no_list(third()));
  report(kAhead, Type::deleted);
  EXPECT_EQ(step(third()), NextStep::list_again);
  progress->become_first();
  EXPECT_EQ(step(third()), NextStep::granted);
}

TEST_F(NeighboursTest, AWaiterOfThisProcessIsNotFoundByALockWithMarkersOfItsOwn) {
  watch_ahead();
  const auto progress = settings_->local_queue->add(kAhead, 50);
  settings_->further_claim_markers = {"__lock__"};
  neighbours_.find_ahead_in_process(third());
  EXPECT_FALSE(neighbours_.is_ahead_in_process());
}

TEST_F(NeighboursTest, DeletionOfTheSecondClaimAheadNeedsANewList) {
  watch_ahead();
  watch_second_ahead();
  report(kSecondAhead, Type::deleted);
  EXPECT_EQ(step(third()), NextStep::list_again);
}

TEST_F(NeighboursTest, AChangeOfTheClaimAheadIsReadAgain) {
  watch_ahead();
  report(kAhead, Type::changed);
  EXPECT_EQ(step(third()), NextStep::look_again);
}

TEST_F(NeighboursTest, OtherChangesOnlyNeedANewWatch) {
  watch_ahead();
  watch_second_ahead();
  watch_own();
  report(kSecondAhead, Type::changed);
  report(kOwn, Type::changed);
  const Neighbours::Events events = this->events(third());
  EXPECT_EQ(events.step, NextStep::keep_waiting);
  EXPECT_TRUE(events.own_changed);
  EXPECT_TRUE(events.second_ahead_changed);
}

TEST_F(NeighboursTest, DeletionOfTheOwnClaimComesBeforeTheGrant) {
  watch_ahead();
  watch_own();
  report(kAhead, Type::deleted);
  report(kOwn, Type::deleted);
  EXPECT_EQ(step(next()), NextStep::gone);
}

TEST_F(NeighboursTest, TheEndOfTheSessionIsTheEndOfTheClaim) {
  watch_ahead();
  report(kAhead, Type::session_lost);
  EXPECT_EQ(step(next()), NextStep::gone);
}

TEST_F(NeighboursTest, AReconnectNeedsANewListWhateverElseWasReported) {
  watch_ahead();
  report(kAhead, Type::deleted);
  report(kAhead, Type::reconnected);
  EXPECT_EQ(step(next()), NextStep::list_again);
}

TEST_F(NeighboursTest, AReconnectReportedByAnyWatchNeedsANewList) {
  watch_ahead();
  watch_second_ahead();
  report(kSecondAhead, Type::reconnected);
  EXPECT_EQ(step(third()), NextStep::list_again);
  watch_own();
  report(kOwn, Type::reconnected);
  EXPECT_EQ(step(third()), NextStep::list_again);
}

TEST_F(NeighboursTest, AWatchThatHasReportedIsNotWaitedForAgain) {
  EXPECT_FALSE(neighbours_.is_watching_ahead(third()));
  watch_ahead();
  EXPECT_TRUE(neighbours_.is_watching_ahead(third()));
  report(kAhead, Type::changed);
  EXPECT_FALSE(neighbours_.is_watching_ahead(third()));
}

TEST_F(NeighboursTest, AnotherClaimAheadIsNotWatchedYet) {
  watch_ahead();
  EXPECT_FALSE(neighbours_.is_watching_ahead({Standing::Place::behind, "first-1", "other-3"}));
}

TEST_F(NeighboursTest, AClaimAheadThatIsGoneNeedsANewList) {
  expect_watch(kAhead, ZooKeeperErrc::no_node);
  EXPECT_EQ(*neighbours_.watch_ahead(third()), NextStep::list_again);
}

TEST_F(NeighboursTest, APersistentChildAheadIsNoClaim) {
  Znode persistent = znode(50);
  persistent.stat.ephemeral_owner = 0;
  expect_watch(kAhead, persistent);
  EXPECT_EQ(*neighbours_.watch_ahead(third()), NextStep::look_again);
}

TEST_F(NeighboursTest, AClaimAheadThatCannotBeReadIsAnError) {
  expect_watch(kAhead, ZooKeeperErrc::no_auth);
  EXPECT_EQ(neighbours_.watch_ahead(third()).error(), ZooKeeperErrc::no_auth);
}

TEST_F(NeighboursTest, TheSecondClaimAheadIsNotWatchedInAShortWaitInAShortQueue) {
  watch_ahead();
  neighbours_.watch_second_ahead(third(), false);  // no request
  Standing far_back = third();
  far_back.claims_ahead = 21;
  expect_watch(kSecondAhead, znode(40));
  neighbours_.watch_second_ahead(far_back, false);
  neighbours_.watch_second_ahead(far_back, false);  // once is enough
}

TEST_F(NeighboursTest, TheClaimThatWasWatchedWhileEnqueueingIsTakenOver) {
  const auto watch = std::make_shared<ClaimWatch>(call_.monitor);
  claim_.ahead = WatchedClaim{"ahead-5", watch, znode(50)};
  Neighbours neighbours(call_, claim_);
  EXPECT_TRUE(neighbours.is_watching_ahead(next()));
  watch->on_event({Type::deleted, kAhead, 1});
  EXPECT_EQ(await_events(neighbours, next(), time_.steady_now()).step, NextStep::granted);
}

TEST_F(NeighboursTest, ACallThatDoesNotWaitLeavesNoWatchBehind) {
  LockCall call{settings_, memory_, uncontended_path_, "", Context().without_waiting()};
  Neighbours neighbours(call, claim_);
  EXPECT_CALL(*zk_, get(kAhead, _)).WillOnce(Return(znode(50)));
  EXPECT_EQ(*neighbours.watch_ahead(third()), NextStep::keep_waiting);
}

TEST_F(NeighboursTest, AnEventEndsTheWait) {
  watch_ahead();
  auto waiting = zklock::testing::in_background(
      [this] { return await_events(neighbours_, next(), SteadyTime::max()).step; });
  ASSERT_FALSE(waiting.is_done());
  report(kAhead, Type::deleted);
  EXPECT_EQ(waiting.get(), NextStep::granted);
}

}  // namespace
}  // namespace zklock::internal
