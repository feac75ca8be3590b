// Servers that are to be found elsewhere by now: dialed again, for the same session.
#include "session_keeper_fixture.h"

namespace zklock::internal {
namespace {

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

TEST_F(SessionKeeperServersTest, ServersAreLookedForUntilTheyHaveMoved) {
  const auto wire = connect();
  wire->listener->on_disconnected();
  time_.advance(10s);  // some looks in vain
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
  EXPECT_TRUE(keeper_->await_link(Context()));
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
  EXPECT_TRUE(keeper_->await_link(Context()));
}

TEST_F(SessionKeeperServersTest, AReconnectEndsTheLookForServers) {
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

TEST_F(SessionKeeperServersTest, AResumedSessionThatIsGoneIsReplaced) {
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
