// What a client sends automatically to keep its session certain, and when that becomes uncertain.
// The session timeout is 10 s.
#include "session/keep_alive.h"

#include "support/keep_closers_busy.h"
#include "unit/client/client_fixture.h"

namespace zklock {
namespace {

using internal::SteadyTime;
using zklock::testing::Gate;

constexpr auto kSixth = std::chrono::nanoseconds(10s) / 6;
constexpr auto kTwelfth = std::chrono::nanoseconds(10s) / 12;
/// How far ahead a handshake, or an operation, makes it certain.
constexpr auto kSure = 9'900ms;

class KeepAliveTest : public ClientTest {
 protected:
  KeepAliveTest() : wire_(connect()), session_(client_->session()) { time_.settle(); }

  /// The servers answer everything for so long.
  void serve(std::chrono::nanoseconds time) {
    const SteadyTime end = time_.steady_now() + time;
    while (time_.steady_now() < end) {
      time_.advance(50ms);
      while (wire_->has_upkeep()) {
        const WireRequest request = wire_->take_any_upkeep();
        if (request.op == Op::get) ++reads_;
        if (request.op == Op::check) ++checks_;
        request.fail(ZooKeeperErrc::no_node);  // as in a chroot: an answer, too
        time_.settle();
      }
    }
  }
  [[nodiscard]] std::chrono::nanoseconds in_hand() const {
    return session_->certain_until() - time_.steady_now();
  }

  const std::shared_ptr<ScriptedWire> wire_;
  const std::shared_ptr<const Session> session_;
  int reads_ = 0;
  int checks_ = 0;
};

TEST_F(KeepAliveTest, AnIdleClientReadsEverySixthOfTheTimeout) {
  time_.advance(kSixth - 1ms);
  EXPECT_FALSE(wire_->has_upkeep());
  time_.advance(1ms);
  wire_->take_upkeep(Op::get).answer(Znode{});
  time_.advance(kSixth - 1ms);
  EXPECT_FALSE(wire_->has_upkeep());
  time_.advance(1ms);
  wire_->take_upkeep(Op::get).answer(Znode{});
  EXPECT_FALSE(wire_->has_requests());
}

TEST_F(KeepAliveTest, ABusyClientDoesNotRead) {
  for (int i = 0; i < 10; ++i) {
    auto got = in_background([&] { return client_->get("/a", {}); });
    wire_->take(Op::get).answer(Znode{});
    EXPECT_TRUE(got.get());
    time_.advance(1s);
  }
  EXPECT_FALSE(wire_->has_upkeep());
}

TEST_F(KeepAliveTest, ThereIsOneReadAtATime) {
  time_.advance(10s);
  static_cast<void>(wire_->take_upkeep(Op::get));
  EXPECT_FALSE(wire_->has_upkeep()) << "it was not answered";
}

TEST_F(KeepAliveTest, AnUnusedSessionIsOnlyRead) {
  serve(1min);
  EXPECT_EQ(checks_, 0);
  EXPECT_GE(reads_, 30);
}

TEST_F(KeepAliveTest, ASessionInUseIsCheckedTwiceEveryThirdOfTheTimeout) {
  const auto reliance = session_->keep_certain();
  serve(1min);
  EXPECT_GE(checks_, 2 * 17);
  EXPECT_LE(checks_, 2 * 18);
}

TEST_F(KeepAliveTest, TheSecondCheckIsSentWhenTheFirstIsAnswered) {
  const auto reliance = session_->keep_certain();
  time_.advance(kTwelfth);
  const WireRequest first = wire_->take_upkeep(Op::check);
  time_.settle();
  EXPECT_FALSE(wire_->has_upkeep());
  first.answer();
  wire_->take_upkeep(Op::check).answer();
  time_.settle();
  EXPECT_FALSE(wire_->has_upkeep());
}

TEST_F(KeepAliveTest, ASessionInUseStaysCertainForAQuarterOfTheTimeout) {
  const auto reliance = session_->keep_certain();
  for (int i = 0; i < 600; ++i) {
    serve(100ms);
    ASSERT_GE(in_hand(), 2'500ms) << i;
  }
}

TEST_F(KeepAliveTest, TheChecksEndWithTheLastUser) {
  auto one = session_->keep_certain();
  auto other = session_->keep_certain();
  serve(10s);
  one.reset();
  checks_ = 0;
  serve(10s);
  EXPECT_GT(checks_, 0);
  other.reset();
  checks_ = 0;
  serve(10s);
  EXPECT_EQ(checks_, 0);
}

TEST_F(KeepAliveTest, AHandshakeMakesItCertainForTheTimeout) { EXPECT_EQ(in_hand(), kSure); }

TEST_F(KeepAliveTest, AResumingHandshakeCountsFromTheLastAnswer) {
  time_.advance(1s);
  wire_->listener->on_disconnected();
  time_.advance(1s);
  wire_->connect(kSession);
  EXPECT_EQ(in_hand(), kSure - 2s) << "nobody knows when it began; not before that";
}

TEST_F(KeepAliveTest, UncertaintyIsReportedOnTime) {
  const std::stop_token uncertain = session_->uncertain();
  time_.advance(kSure - 1ms);
  EXPECT_FALSE(uncertain.stop_requested());
  time_.advance(1ms);
  EXPECT_TRUE(uncertain.stop_requested());
  EXPECT_EQ(session_->loss_reason(), LossReason::cut_off);
  EXPECT_FALSE(session_->lost().stop_requested()) << "it may well stand";
}

TEST_F(KeepAliveTest, AStoppedUncertainTokenStaysStopped) {
  const std::stop_token before = session_->uncertain();
  time_.advance(kSure);
  const std::stop_token after = session_->uncertain();
  const auto reliance = session_->keep_certain();
  serve(10s);
  EXPECT_GT(in_hand(), 0s);
  EXPECT_TRUE(before.stop_requested());
  EXPECT_FALSE(after.stop_requested());
}

TEST_F(KeepAliveTest, SuspendedTimeCounts) {
  const std::stop_token uncertain = session_->uncertain();
  time_.suspend(kSure);
  EXPECT_LE(in_hand(), 0s);
  time_.advance(kTwelfth);
  EXPECT_TRUE(uncertain.stop_requested());
}

TEST_F(KeepAliveTest, ALostSessionStaysUncertain) {
  const std::stop_token uncertain = session_->uncertain();
  wire_->listener->on_expired();
  EXPECT_TRUE(uncertain.stop_requested());
  EXPECT_TRUE(session_->uncertain().stop_requested());
  EXPECT_EQ(session_->loss_reason(), LossReason::session_expired);
}

TEST_F(KeepAliveTest, ASessionIsReplacedAfterThreeTimeoutsWithoutAConnection) {
  wire_->listener->on_disconnected();
  time_.advance(30s - 1ms);
  EXPECT_FALSE(session_->lost().stop_requested());
  time_.advance(1ms);
  EXPECT_TRUE(session_->lost().stop_requested());
  EXPECT_EQ(session_->loss_reason(), LossReason::cut_off);
  EXPECT_FALSE(ensemble_.next_wire()->resumed);
}

TEST_F(KeepAliveTest, AConnectedSessionIsNotReplaced) {
  time_.advance(5min);  // that nothing comes over
  EXPECT_FALSE(session_->lost().stop_requested());
}

TEST_F(KeepAliveTest, TheNextSessionIsKeptCertainToo) {
  wire_->listener->on_expired();
  const auto next = connect(kSession + 1);
  time_.advance(kSixth);
  next->take_upkeep(Op::get).answer(Znode{});
  const auto reliance = client_->session()->keep_certain();
  time_.advance(kTwelfth);
  next->take_upkeep(Op::check).answer();
}

TEST_F(KeepAliveTest, FailedDialsDoNotDelayTheEnd) {
  wire_->listener->on_disconnected();
  for (int i = 0; i < 100; ++i) ensemble_.refuse_next("no such name");
  ensemble_.move_servers();
  time_.advance(30s);
  EXPECT_TRUE(session_->lost().stop_requested());
}

TEST_F(KeepAliveTest, TheEndIsCountedFromTheLastConnection) {
  wire_->listener->on_disconnected();
  time_.advance(29s);
  reconnect(*wire_);
  wire_->listener->on_disconnected();
  time_.advance(29s);
  EXPECT_FALSE(session_->lost().stop_requested());
}

/// For so long it has connections on which nothing is answered (as with more watches than the
/// servers take in one packet), for half of each `period`.
void have_fruitless_connections(ScriptedWire& wire, zklock::testing::VirtualClock& time,
                                std::chrono::nanoseconds all, std::chrono::nanoseconds period) {
  const SteadyTime end = time.steady_now() + all;
  while (time.steady_now() < end) {
    wire.listener->on_disconnected();
    time.advance(period / 2);
    wire.connect(0x1001);
    time.settle();
    time.advance(period / 2);
  }
}

TEST_F(KeepAliveTest, ASessionWithoutAnswersIsReplacedAsWell) {
  have_fruitless_connections(*wire_, time_, 29s, 1s);
  EXPECT_FALSE(session_->lost().stop_requested());
  have_fruitless_connections(*wire_, time_, 2s, 1s);
  EXPECT_TRUE(session_->lost().stop_requested());
  EXPECT_EQ(session_->loss_reason(), LossReason::cut_off);
}

TEST_F(KeepAliveTest, ASessionWithoutAnswersIsReplacedDespiteFrequentReconnects) {
  have_fruitless_connections(*wire_, time_, 29s, 100ms);
  EXPECT_FALSE(session_->lost().stop_requested());
  have_fruitless_connections(*wire_, time_, 2s, 100ms);
  EXPECT_TRUE(session_->lost().stop_requested());
}

TEST_F(KeepAliveTest, FailedDialsDoNotDelayTheEndAfterConnectionsWithoutAnswers) {
  have_fruitless_connections(*wire_, time_, 4s, 1s);
  wire_->listener->on_disconnected();
  for (int i = 0; i < 100; ++i) ensemble_.refuse_next("no such name");
  ensemble_.move_servers();
  time_.advance(30s);
  EXPECT_TRUE(session_->lost().stop_requested());
}

TEST_F(KeepAliveTest, ASessionThatAnswersBetweenBreaksIsNotReplaced) {
  for (int i = 0; i < 60; ++i) {
    wire_->listener->on_disconnected();
    time_.advance(500ms);
    reconnect(*wire_);
    auto got = in_background([&] { return client_->get("/a", {}); });
    wire_->take(Op::get).answer(Znode{});
    EXPECT_TRUE(got.get());
    time_.advance(500ms);
  }
  EXPECT_FALSE(session_->lost().stop_requested());
}

TEST_F(KeepAliveTest, ANewConnectionBeginsWithChecks) {
  const auto reliance = session_->keep_certain();
  time_.advance(kTwelfth);
  const WireRequest first = wire_->take_upkeep(Op::check);
  wire_->listener->on_disconnected();
  first.fail(ZooKeeperErrc::connection_loss);
  time_.settle();
  EXPECT_FALSE(wire_->has_upkeep()) << "no second check waits for a connection";
  wire_->connect(kSession);
  wire_->take_upkeep(Op::check).answer();
}

TEST_F(KeepAliveTest, UnansweredRequestsOfAnOldWireDelayNothing) {
  time_.advance(kSixth);
  const WireRequest read = wire_->take_upkeep(Op::get);
  auto reliance = session_->keep_certain();
  time_.advance(kTwelfth);
  const WireRequest check = wire_->take_upkeep(Op::check);
  const auto gate = std::make_shared<Gate>();
  zklock::testing::keep_closers_busy(gate);
  client_->remove_in_background("/a");
  wire_->take(Op::remove).fail(ZooKeeperErrc::no_auth);  // that ends the session
  const auto next = begin_to_connect(kSession + 1);
  time_.settle();
  reliance = client_->session()->keep_certain();
  time_.advance(kTwelfth);
  EXPECT_TRUE(next->has_upkeep());
  gate->open();
}

TEST_F(KeepAliveTest, AnswersOfAnOldWireProveNothing) {
  auto reliance = session_->keep_certain();
  time_.advance(kTwelfth);
  const WireRequest check = wire_->take_upkeep(Op::check);
  const auto gate = std::make_shared<Gate>();
  zklock::testing::keep_closers_busy(gate);
  client_->remove_in_background("/a");
  wire_->take(Op::remove).fail(ZooKeeperErrc::no_auth);
  const auto next = begin_to_connect(kSession + 1);
  time_.settle();
  check.answer();
  time_.settle();
  EXPECT_FALSE(wire_->has_upkeep()) << "it is not asked any more";
  EXPECT_EQ(client_->session()->certain_until() - time_.steady_now(), kSure);
  gate->open();
}

// --- become_certain -----------------------------------------------------------------------------

TEST_F(KeepAliveTest, WithEnoughTimeLeftNothingIsSent) {
  EXPECT_TRUE(session_->become_certain(kSure, {}));
  EXPECT_FALSE(wire_->has_upkeep());
}

TEST_F(KeepAliveTest, WithTooLittleTimeLeftChecksAreSentAtOnce) {
  serve(20s);  // reads
  auto certain = in_background([&] { return session_->become_certain(2'500ms, {}); });
  wire_->take_upkeep(Op::check).answer();
  EXPECT_FALSE(certain.is_done());
  wire_->take_upkeep(Op::check).answer();
  EXPECT_TRUE(certain.get());
  EXPECT_GT(in_hand(), 5s - kSixth);
}

TEST_F(KeepAliveTest, AnEarlierWriteSavesOneCheck) {
  serve(20s);
  auto written = in_background([&] { return client_->set("/a", "", 0, {}); });
  wire_->take(Op::set).answer(Stat{});
  EXPECT_TRUE(written.get());
  auto certain = in_background([&] { return session_->become_certain(2'500ms, {}); });
  wire_->take_upkeep(Op::check).answer();
  EXPECT_TRUE(certain.get());
}

TEST_F(KeepAliveTest, WithoutRecentAnswersBecomingCertainTakesAThirdOfTheTimeout) {
  time_.advance(20s);
  auto certain = in_background([&] { return session_->become_certain(2'500ms, {}); });
  EXPECT_FALSE(certain.is_done());
  serve(3s);
  EXPECT_FALSE(certain.is_done());
  serve(500ms);
  EXPECT_TRUE(certain.is_done());
  EXPECT_TRUE(certain.get());
}

TEST_F(KeepAliveTest, BecomingCertainEndsWithItsContext) {
  time_.advance(20s);
  auto late = in_background(
      [&] { return session_->become_certain(1s, Context().with_timeout(500ms)).error(); });
  time_.advance(500ms);
  EXPECT_EQ(late.get(), ZooKeeperErrc::operation_timeout);
  std::stop_source stop;
  auto canceled = in_background([&] {
    return session_->become_certain(1s, Context().with_stop_token(stop.get_token())).error();
  });
  stop.request_stop();
  EXPECT_EQ(canceled.get(), ZooKeeperErrc::canceled);
}

TEST_F(KeepAliveTest, BecomingCertainEndsWithTheSession) {
  time_.advance(20s);
  auto certain = in_background([&] { return session_->become_certain(1s, {}).error(); });
  EXPECT_FALSE(certain.is_done());
  wire_->listener->on_expired();
  EXPECT_EQ(certain.get(), ZooKeeperErrc::session_expired);
}

}  // namespace
}  // namespace zklock
