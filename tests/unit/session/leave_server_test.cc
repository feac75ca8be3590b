// When a client leaves a server that does not answer. The session timeout is 10 s.
#include "support/virtual_clock.h"
#include "unit/client/client_fixture.h"

namespace zklock {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds kTimeout = 10s;
constexpr nanoseconds kSixth = kTimeout / 6;     // before the first answer
constexpr nanoseconds kTwelfth = kTimeout / 12;  // after it

class LeaveServerTest : public ClientTest {
 protected:
  LeaveServerTest() : wire_(connect()) { time_.settle(); }

  /// Time passes until the client sends a read to see whether somebody is there.
  WireRequest await_read() {
    for (time_.settle(); !wire_->has_upkeep();) time_.advance(1ms);
    return wire_->take_upkeep(Op::get);
  }
  /// In so much time, and not earlier, the client leaves its server, for the nth time.
  void expect_departure_in(nanoseconds time, int nth = 1) {
    time_.advance(time - 1ms);
    EXPECT_EQ(wire_->departures(), nth - 1) << "too early";
    time_.advance(1ms);
    EXPECT_EQ(wire_->departures(), nth);
  }

  const std::shared_ptr<ScriptedWire> wire_;
};

TEST_F(LeaveServerTest, AReadWithoutAnAnswerIsAReason) {
  const WireRequest read = await_read();
  expect_departure_in(kSixth);
}

TEST_F(LeaveServerTest, OneThatHasAnsweredHasHalfOfThatTime) {
  await_read().answer(Znode{});
  const WireRequest read = await_read();
  expect_departure_in(kTwelfth);
}

/// The margins of Lease::ending are below that: nobody is warned of an end that does not come.
TEST_F(LeaveServerTest, ALeaseStillHasAQuarterOfItsTimeWhenItsServerIsLeft) {
  const std::shared_ptr<const Session> session = client_->session();
  const auto reliance = session->keep_certain();
  for (int i = 0; i < 200; ++i) {
    time_.advance(50ms);
    while (wire_->has_upkeep()) {
      wire_->take_any_upkeep().fail(ZooKeeperErrc::no_node);
      time_.settle();
    }
  }
  while (wire_->departures() == 0) time_.advance(1ms);
  EXPECT_GE(session->certain_until() - time_.steady_now(), kTimeout * 24 / 100);
}

TEST_F(LeaveServerTest, SoAreChecks) {
  const auto reliance = client_->session()->keep_certain();
  time_.advance(kTimeout / 12);
  const WireRequest first = wire_->take_upkeep(Op::check);
  time_.advance(500ms);
  first.answer();
  const WireRequest second = wire_->take_upkeep(Op::check);
  expect_departure_in(2 * 500ms);
}

TEST_F(LeaveServerTest, AServerThatAnswersIsNotLeft) {
  for (int i = 0; i < 20; ++i) await_read().answer(Znode{});
  EXPECT_EQ(wire_->departures(), 0);
}

TEST_F(LeaveServerTest, TheSessionGoesOnAtTheNextServer) {
  const std::shared_ptr<const Session> session = client_->session();
  const WireRequest read = await_read();
  expect_departure_in(kSixth);
  wire_->listener->on_disconnected();
  read.fail(ZooKeeperErrc::connection_loss);
  wire_->connect(kSession);
  EXPECT_FALSE(session->lost().stop_requested());
  EXPECT_EQ(client_->session(), session);
  EXPECT_GE(session->certain_until() - time_.steady_now(), kTimeout / 2);
}

TEST_F(LeaveServerTest, ABusyServerThatGetsOnIsNotLeft) {
  const WireRequest read = await_read();
  auto got = in_background([&] { return client_->get("/a", {}); });
  const WireRequest other = wire_->take(Op::get);
  time_.advance(1s);
  other.answer(Znode{});
  EXPECT_TRUE(got.get());
  expect_departure_in(kSixth);
}

TEST_F(LeaveServerTest, ASlowServerHasTwiceTheTimeThatItUsuallyTakes) {
  const WireRequest read = await_read();
  time_.advance(1s);
  read.answer(Znode{});
  const WireRequest next = await_read();
  expect_departure_in(2s);
}

TEST_F(LeaveServerTest, SlownessIsForgotten) {
  const WireRequest slow = await_read();
  time_.advance(1s);
  slow.answer(Znode{});
  for (int i = 0; i < 3; ++i) await_read().answer(Znode{});
  const WireRequest next = await_read();
  expect_departure_in(kTwelfth);
}

TEST_F(LeaveServerTest, TheNextServerHasAsLongAsLibZooKeeperGivesIt) {
  const WireRequest read = await_read();
  expect_departure_in(kSixth);
  reconnect(*wire_);
  const WireRequest next = await_read();
  expect_departure_in(2 * kTimeout / 3, 2);
}

TEST_F(LeaveServerTest, AfterSomeAnswersTheNextOneIsLeftAsSoon) {
  const WireRequest read = await_read();
  expect_departure_in(kSixth);
  reconnect(*wire_);
  for (int i = 0; i < 4; ++i) await_read().answer(Znode{});
  const WireRequest next = await_read();
  expect_departure_in(kTwelfth, 2);
}

TEST_F(LeaveServerTest, WithoutAnotherServerItIsTriedAgainMoreRarely) {
  const WireRequest read = await_read();  // the wire stays where it is
  expect_departure_in(kSixth);
  expect_departure_in(2 * kTimeout / 3, 2);
  expect_departure_in(2 * kTimeout / 3, 3);
}

TEST_F(LeaveServerTest, AMachineThatWasSuspendedReadsItsAnswersFirst) {
  const WireRequest read = await_read();
  time_.suspend(5s);
  expect_departure_in(kTimeout / 12 + kSixth);
}

}  // namespace
}  // namespace zklock
