// Servers that are to be found elsewhere by now: dialed again, for the same session.
#include "session_keeper_fixture.h"
#include "support/keep_closers_busy.h"

namespace zklock::internal {
namespace {

using zklock::testing::Gate;

using SessionKeeperServersTest = SessionKeeperTest;

TEST_F(SessionKeeperServersTest, ServersThatMovedAreDialedForTheSameSession) {
  const auto wire = connect();
  const auto session = keeper_->session();
  wire->listener->on_disconnected();
  ensemble_.move_servers();
  time_.advance(2s);
  const auto next = ensemble_.next_wire();
  ASSERT_TRUE(next->resumed);
  EXPECT_EQ(next->resumed->id, 1);
  EXPECT_TRUE(wire->await_closed());
  connect(*next, 1);
  EXPECT_EQ(keeper_->session(), session);
  EXPECT_FALSE(session->lost().stop_requested());
  EXPECT_EQ(listener_->heard(), (Heard{"up 1 #1 new wire", "up 1 #2 new wire"}));
}

TEST_F(SessionKeeperServersTest, ReplacingTheWireMakesTheSessionUncertain) {
  const auto wire = connect();
  const auto session = keeper_->session();
  const std::stop_token uncertain = session->uncertain();
  wire->listener->on_disconnected();
  ensemble_.move_servers();
  time_.advance(2s - 1ms);
  EXPECT_FALSE(uncertain.stop_requested());
  time_.advance(1ms);
  // Closing it ends the session if it has found a server at this very moment.
  EXPECT_TRUE(uncertain.stop_requested());
  EXPECT_FALSE(session->lost().stop_requested()) << "most likely it stands";
  connect(*ensemble_.next_wire(), 1);
  EXPECT_GT(session->certain_until(), time_.steady_now());
}

TEST_F(SessionKeeperServersTest, TheNextWireIsDialedWhenTheOldOneIsClosed) {
  const auto gate = std::make_shared<Gate>();
  const auto wire = connect();
  wire->listener->on_disconnected();
  ensemble_.move_servers();
  zklock::testing::keep_closers_busy(gate);
  time_.advance(2s);
  EXPECT_EQ(ensemble_.dials(), 1) << "its handshake would prove what the old wire may yet end";
  gate->open();
  static_cast<void>(ensemble_.next_wire());
  EXPECT_TRUE(wire->is_closed());
}

TEST_F(SessionKeeperServersTest, ServersAreLookedUpTwoSecondsAfterTheLastConnection) {
  const auto wire = connect();
  wire->listener->on_disconnected();
  time_.advance(1'500ms);
  connect(*wire, 1);
  wire->listener->on_disconnected();
  ensemble_.move_servers();
  time_.advance(2s - 1ms);
  EXPECT_EQ(ensemble_.dials(), 1);
  time_.advance(1ms);
  static_cast<void>(ensemble_.next_wire());
}

TEST_F(SessionKeeperServersTest, ServersAreLookedUpUntilTheyHaveMoved) {
  const auto wire = connect();
  wire->listener->on_disconnected();
  time_.advance(10s);  // some look-ups without success
  EXPECT_EQ(ensemble_.dials(), 1);
  ensemble_.move_servers();
  time_.advance(5s);
  EXPECT_TRUE(ensemble_.next_wire()->resumed);
}

TEST_F(SessionKeeperServersTest, ServersThatMoveTwiceAreDialedTwice) {
  const auto wire = connect();
  wire->listener->on_disconnected();
  ensemble_.move_servers();
  time_.advance(2s);
  static_cast<void>(ensemble_.next_wire());  // never connects
  ensemble_.move_servers();
  time_.advance(2s);
  const auto third = ensemble_.next_wire();
  EXPECT_TRUE(third->resumed);
  connect(*third, 1);
  EXPECT_TRUE(keeper_->await_connection(Context()));
}

TEST_F(SessionKeeperServersTest, ServersThatMoveBeforeANewSessionStandsAreDialed) {
  const auto wire = connect();
  wire->listener->on_expired();
  static_cast<void>(ensemble_.next_wire());  // never connects
  ensemble_.move_servers();
  time_.advance(2s);
  const auto third = ensemble_.next_wire();
  EXPECT_FALSE(third->resumed);
  connect(*third, 2);
  EXPECT_TRUE(keeper_->await_connection(Context()));
}

TEST_F(SessionKeeperServersTest, AReconnectEndsTheLookUp) {
  const auto wire = connect();
  wire->listener->on_disconnected();
  connect(*wire, 1);
  ensemble_.move_servers();
  time_.advance(1min);
  wire->listener->on_disconnected();
  connect(*wire, 1);
  EXPECT_EQ(ensemble_.dials(), 1);
  EXPECT_FALSE(wire->is_closed());
}

TEST_F(SessionKeeperServersTest, AnExpiredSessionIsReplacedWhenItIsResumed) {
  const auto wire = connect();
  const auto session = keeper_->session();
  wire->listener->on_disconnected();
  ensemble_.move_servers();
  time_.advance(2s);
  ensemble_.next_wire()->listener->on_expired();
  EXPECT_TRUE(session->lost().stop_requested());
  const auto third = ensemble_.next_wire();
  EXPECT_FALSE(third->resumed);
  connect(*third, 2);
  EXPECT_EQ(keeper_->session()->id(), 2);
}

}  // namespace
}  // namespace zklock::internal
