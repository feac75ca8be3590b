// Claims with a TTL whose turn has come, but whose session is not certain yet: on the fake
// ensemble.
#include <gmock/gmock.h>

#include <future>
#include <string>

#include "support/error_of.h"
#include "ttl_stage.h"

namespace zklock::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using zklock::test::error_of;

class LockTtlEvidenceTest : public ::testing::Test {
 protected:
  static constexpr nanoseconds kTtl = TtlStage::kTtl;

  /// After that its next evidence is several TTLs away: the last one is nearly too old, as the
  /// beginning of its reconnection is.
  void lose_evidence(const TtlContender& who) {
    stage_.zookeeper.cut(who.client);
    stage_.zookeeper.advance(16s);  // of a session timeout of 20
    stage_.zookeeper.restore(who.client);
  }
  void await_claims(std::size_t count) {
    while (stage_.zookeeper.children(TtlStage::kPath).size() < count) stage_.zookeeper.advance(1ms);
  }
  /// It takes several TTLs, and nobody purges it meanwhile. The next in line has its turn after it.
  void expect_in_turn(std::future<Lease>& turn, std::future<Lease>& next_turn) {
    EXPECT_GT(stage_.await(turn, 20s), 3 * kTtl) << "it had evidence";
    const Lease lease = stage_.granted(turn);
    EXPECT_TRUE(lease.valid());
    EXPECT_GE(lease.remaining(), kTtl / 2);
    EXPECT_THAT(stage_.referee->purged(), IsEmpty());
    EXPECT_THAT(stage_.referee->requeued(), IsEmpty());
    EXPECT_FALSE(TtlStage::has_ended(next_turn));
    EXPECT_EQ(first_.releases(lease), std::error_code());
    EXPECT_TRUE(stage_.granted(next_turn).valid());
  }

  TtlStage stage_;
  const TtlContender holder_ = stage_.contender("holder");
  const TtlContender first_ = stage_.contender("first");
  const TtlContender next_ = stage_.contender("next");
};

TEST_F(LockTtlEvidenceTest, AClaimThatIsFirstAtOnceKeepsItsTurnUntilItIsCertain) {
  lose_evidence(first_);
  auto turn = stage_.queues(first_);
  await_claims(1);
  auto next_turn = stage_.queues(next_);
  await_claims(2);
  expect_in_turn(turn, next_turn);
}

TEST_F(LockTtlEvidenceTest, AWaiterThatBecomesCertainKeepsItsTurn) {
  const TtlContender patient = stage_.contender("patient", 1min);
  const Lease lease = patient.takes_it();
  auto turn = stage_.queues(first_);
  auto next_turn = stage_.queues(next_);
  lose_evidence(first_);
  stage_.zookeeper.advance(100ms);
  EXPECT_EQ(patient.releases(lease), std::error_code());
  expect_in_turn(turn, next_turn);
}

/// It writes while it can. The next in line waits for a TTL after the last of these writes.
TEST_F(LockTtlEvidenceTest, AClaimThatCannotBeWrittenIsPurged) {
  lose_evidence(first_);
  auto turn = stage_.queues(first_);
  await_claims(1);
  auto next_turn = stage_.queues(next_);
  await_claims(2);
  stage_.zookeeper.advance(3 * kTtl);
  EXPECT_THAT(stage_.referee->purged(), IsEmpty());
  stage_.zookeeper.stall(first_.client);
  EXPECT_LE(stage_.await(next_turn, 1min), TtlStage::kPurgedAfter + 1ms);
  EXPECT_THAT(stage_.referee->purged(), SizeIs(1));
  EXPECT_EQ(next_.releases(stage_.granted(next_turn)), std::error_code());
  stage_.zookeeper.restore(first_.client);
  stage_.await(turn, 1min);
  EXPECT_TRUE(stage_.granted(turn).valid());
}

/// A fifth of the session timeout for each round trip: two checks, and the time until a report,
/// leave less than a grant needs.
TEST(LockWithoutEvidenceTest, NobodyWaitsForeverForEvidence) {
  constexpr milliseconds kTtl = 10s;
  TtlStage stage({.latency = 2s});
  const TtlContender first = stage.contender("first", kTtl);
  const TtlContender next = stage.contender("next", kTtl);
  const TtlContender third = stage.contender("third", kTtl);
  stage.zookeeper.advance(1min);  // a handshake proves something, too, but not for so long
  auto turn = stage.queues(first);
  auto next_turn = stage.queues(next);
  auto third_turn = stage.queues(third, Context().with_timeout(30s));
  stage.await(third_turn, 31s);
  EXPECT_EQ(error_of([&] { third_turn.get(); }).code(), Errc::locking_timed_out);
  stage.await(turn, 2min);
  stage.await(next_turn, 2min);
  for (std::future<Lease>* call : {&turn, &next_turn}) {
    ASSERT_TRUE(TtlStage::has_ended(*call));
    const LockError error = error_of([&] { call->get(); });
    EXPECT_EQ(error.code(), Errc::locking_failed);
    EXPECT_THAT(error.what(), AllOf(HasSubstr(TtlStage::kPath), HasSubstr("certain")));
  }
  EXPECT_THAT(stage.referee->purged(), IsEmpty());
  stage.zookeeper.advance(10s);
  EXPECT_THAT(stage.zookeeper.children(TtlStage::kPath), IsEmpty());
}

}  // namespace
}  // namespace zklock::testing
