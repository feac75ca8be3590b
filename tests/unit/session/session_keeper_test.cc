// Keeping a client in a session: dialing, connections, expiry, and the end.
#include <future>

#include "session_keeper_fixture.h"
#include "support/keep_closers_busy.h"

namespace zklock::internal {
namespace {

using zklock::testing::Gate;

TEST_F(SessionKeeperTest, IsUpOnceTheWireIsConnected) {
  const auto wire = start();
  EXPECT_FALSE(wire->resumed);
  EXPECT_FALSE(keeper_->connection());
  EXPECT_EQ(keeper_->session(), nullptr);
  EXPECT_NE(keeper_->problem(), "");
  connect(*wire, 1);
  const Result<SessionConnection> connection = keeper_->await_connection(Context());
  ASSERT_TRUE(connection);
  connection->wire->get("/a", false, [](const auto&) {});
  EXPECT_EQ(wire->take(Op::get).path, "/a");
  EXPECT_EQ(connection->session->id(), 1);
  EXPECT_EQ(connection->number, 1U);
  EXPECT_EQ(keeper_->session(), connection->session);
  EXPECT_EQ(keeper_->problem(), "");
  EXPECT_EQ(listener_->heard(), Heard{"up 1 #1 new wire"});
}

TEST_F(SessionKeeperTest, AnswersOfAnOldWireAreNoEvidenceForTheNextSession) {
  const auto gate = std::make_shared<Gate>();
  const auto old_wire = connect(1);
  const SessionConnection old_connection = *keeper_->connection();
  zklock::testing::keep_closers_busy(gate);
  keeper_->replace_session(keeper_->session(), LossReason::session_expired);
  const auto wire = ensemble_.next_wire();
  connect(*wire, 2);
  const SteadyTime before = keeper_->session()->certain_until();
  for (int i = 0; i < 4; ++i) {
    old_connection.wire->check("/a", ZooKeeperClient::kAnyVersion, [](const Result<void>&) {});
    old_wire->take(Op::check).answer();
    time_.advance(2s);
  }
  EXPECT_EQ(keeper_->session()->certain_until(), before);
  gate->open();
}

TEST_F(SessionKeeperTest, AWireMayBeConnectedBeforeItIsHandedOver) {
  ensemble_.connect_early(1);
  static_cast<void>(start());
  ASSERT_TRUE(keeper_->await_connection(Context()));
  EXPECT_TRUE(listener_->await(1));
  EXPECT_EQ(listener_->heard(), Heard{"up 1 #1 new wire"});
}

TEST_F(SessionKeeperTest, AReconnectIsAnotherConnectionOfTheSameSession) {
  const auto wire = connect();
  const auto session = keeper_->session();
  wire->listener->on_disconnected();
  EXPECT_FALSE(keeper_->connection());
  EXPECT_EQ(keeper_->session(), session);
  EXPECT_FALSE(session->lost().stop_requested());
  connect(*wire, 1);
  EXPECT_EQ(keeper_->connection()->number, 2U);
  EXPECT_EQ(keeper_->session(), session);
  EXPECT_EQ(listener_->heard(), (Heard{"up 1 #1 new wire", "up 1 #2"}));
}

TEST_F(SessionKeeperTest, TheSmallestNegotiatedTimeoutCounts) {
  const auto wire = start();
  wire->connect(1, 10s);
  wire->connect(1, 6s);
  wire->connect(1, 8s);
  EXPECT_EQ(keeper_->session()->timeout(), 6s);
}

TEST_F(SessionKeeperTest, AwaitLinkEndsWithItsContext) {
  static_cast<void>(start());
  EXPECT_EQ(keeper_->await_connection(Context().with_timeout(0s)).error(),
            ZooKeeperErrc::operation_timeout);
  std::stop_source stop;
  auto connection = in_background(
      [&] { return keeper_->await_connection(Context().with_stop_token(stop.get_token())); });
  stop.request_stop();
  EXPECT_EQ(connection.get().error(), ZooKeeperErrc::canceled);
}

TEST_F(SessionKeeperTest, FailedDialsAreRepeated) {
  ensemble_.refuse_next("no such host zk1");
  ensemble_.refuse_next("no such host zk1");
  keeper_->start(listener_);
  time_.settle();
  EXPECT_EQ(ensemble_.dials(), 1);
  EXPECT_EQ(keeper_->problem(), "no such host zk1");
  time_.advance(1s);
  const auto wire = ensemble_.next_wire();
  EXPECT_EQ(ensemble_.dials(), 3);
  connect(*wire, 1);
  EXPECT_TRUE(keeper_->await_connection(Context()));
  EXPECT_EQ(keeper_->problem(), "");
}

TEST_F(SessionKeeperTest, AHopelessErrorOfTheFirstDialIsReportedAtOnce) {
  ensemble_.refuse_next("no such host zk1", false);
  keeper_->start(listener_);
  EXPECT_EQ(keeper_->await_connection(Context()).error(), ZooKeeperErrc::connection_loss);
  EXPECT_EQ(keeper_->problem(), "no such host zk1");
}

TEST_F(SessionKeeperTest, AHopelessFirstDialIsRepeatedIfNobodyWaitsForIt) {
  ensemble_.refuse_next("no such host zk1", false);
  keeper_->start(listener_, SessionKeeper::FirstSession::may_take_time);
  time_.settle();
  time_.advance(1s);
  connect(*ensemble_.next_wire(), 1);
  EXPECT_TRUE(keeper_->await_connection(Context()));
  EXPECT_FALSE(keeper_->has_failed());
}

TEST_F(SessionKeeperTest, AHopelessErrorOfALaterDialIsRepeated) {
  const auto wire = connect();
  ensemble_.refuse_next("no such host zk1", false);
  wire->listener->on_expired();
  time_.advance(1s);
  connect(*ensemble_.next_wire(), 2);
  EXPECT_TRUE(keeper_->await_connection(Context()));
}

TEST_F(SessionKeeperTest, ExpiryLosesTheSessionAndStartsAnother) {
  const auto wire = connect();
  const auto session = keeper_->session();
  wire->listener->on_expired();
  EXPECT_TRUE(session->lost().stop_requested());
  EXPECT_EQ(session->loss_reason(), LossReason::session_expired);
  EXPECT_EQ(keeper_->session(), nullptr);
  EXPECT_TRUE(wire->await_closed());
  const auto next = ensemble_.next_wire();
  EXPECT_FALSE(next->resumed);
  connect(*next, 2);
  EXPECT_EQ(keeper_->connection()->session->id(), 2);
  EXPECT_EQ(keeper_->connection()->number, 2U);
  EXPECT_EQ(listener_->heard(), (Heard{"up 1 #1 new wire", "lost 1 #1", "up 2 #2 new wire"}));
}

TEST_F(SessionKeeperTest, EventsOfAnOldWireAreIgnored) {
  const auto old = connect();
  old->listener->on_expired();
  const auto wire = ensemble_.next_wire();
  connect(*wire, 2);
  const Heard heard = listener_->heard();
  old->listener->on_watch(WatchEvent::Type::deleted, "/a");
  old->listener->on_disconnected();
  old->listener->on_expired();
  old->listener->on_auth_failed();
  old->listener->on_connected({.id = 1, .timeout = 10s});
  EXPECT_EQ(keeper_->connection()->session->id(), 2);
  EXPECT_FALSE(keeper_->session()->lost().stop_requested());
  EXPECT_EQ(listener_->heard(), heard);
}

TEST_F(SessionKeeperTest, EventsCarryTheirConnectionsNumber) {
  const auto wire = connect();
  wire->listener->on_watch(WatchEvent::Type::deleted, "/a");
  wire->listener->on_disconnected();
  connect(*wire, 1);
  wire->listener->on_watch(WatchEvent::Type::deleted, "/b");
  EXPECT_EQ(listener_->heard(),
            (Heard{"up 1 #1 new wire", "watch /a #1", "up 1 #2", "watch /b #2"}));
}

TEST_F(SessionKeeperTest, RefusedIdentitiesAreFinal) {
  const auto wire = connect();
  const auto session = keeper_->session();
  wire->listener->on_auth_failed();
  EXPECT_EQ(keeper_->await_connection(Context()).error(), ZooKeeperErrc::auth_failed);
  EXPECT_NE(keeper_->problem(), "");
  EXPECT_TRUE(session->lost().stop_requested());
  EXPECT_TRUE(wire->await_closed());
  EXPECT_EQ(ensemble_.dials(), 1);
}

TEST_F(SessionKeeperTest, ReplaceSessionReplacesTheCurrentSessionOnly) {
  const auto wire = connect();
  const auto session = keeper_->session();
  keeper_->replace_session(session, LossReason::cut_off);
  EXPECT_EQ(session->loss_reason(), LossReason::cut_off);
  EXPECT_TRUE(wire->await_closed());
  connect(*ensemble_.next_wire(), 2);
  const auto second = keeper_->session();
  keeper_->replace_session(session, LossReason::cut_off);  // it is not the current one
  EXPECT_EQ(keeper_->session(), second);
  EXPECT_FALSE(second->lost().stop_requested());
}

TEST_F(SessionKeeperTest, ShutDownEndsTheSessionAndIsFinal) {
  const auto wire = connect();
  const auto session = keeper_->session();
  std::promise<void> closed;
  EXPECT_TRUE(keeper_->shut_down([&] {
    EXPECT_TRUE(wire->is_closed());
    closed.set_value();
  }));
  EXPECT_EQ(session->loss_reason(), LossReason::client_closed);
  EXPECT_EQ(keeper_->await_connection(Context()).error(), ZooKeeperErrc::closing);
  EXPECT_FALSE(keeper_->shut_down([] { FAIL() << "only the first call counts"; }));
  closed.get_future().wait();
  EXPECT_EQ(ensemble_.dials(), 1);
}

TEST_F(SessionKeeperTest, ShutDownWithoutAConnectionEndsTheSessionOnTheNextOne) {
  const auto wire = connect();
  wire->listener->on_disconnected();
  std::promise<void> closed;
  EXPECT_TRUE(keeper_->shut_down([&] { closed.set_value(); }));
  EXPECT_EQ(keeper_->await_connection(Context()).error(), ZooKeeperErrc::closing);
  EXPECT_FALSE(wire->is_closed());
  wire->connect(1);
  closed.get_future().wait();
  EXPECT_TRUE(wire->is_closed());
  EXPECT_FALSE(keeper_->connection());
  EXPECT_EQ(listener_->heard(), (Heard{"up 1 #1 new wire", "lost 1 #1"}));
}

TEST_F(SessionKeeperTest, ShutDownWithoutAConnectionWaitsForOneUntilTheSessionExpires) {
  const auto wire = connect();
  wire->listener->on_disconnected();
  std::promise<void> closed;
  EXPECT_TRUE(keeper_->shut_down([&] { closed.set_value(); }));
  time_.advance(10s - 1ms);
  EXPECT_FALSE(wire->is_closed());
  time_.advance(1ms);
  closed.get_future().wait();
  EXPECT_TRUE(wire->is_closed());
}

TEST_F(SessionKeeperTest, ShutDownWithoutAConnectionEndsWithTheSession) {
  const auto wire = connect();
  wire->listener->on_disconnected();
  std::promise<void> closed;
  EXPECT_TRUE(keeper_->shut_down([&] { closed.set_value(); }));
  wire->listener->on_expired();
  closed.get_future().wait();
  EXPECT_TRUE(wire->await_closed()) << "a thread of its own closes it";
  EXPECT_EQ(ensemble_.dials(), 1);
}

TEST_F(SessionKeeperTest, AnotherSessionInsteadOfTheResumedOneReplacesIt) {
  const auto wire = connect();
  const auto session = keeper_->session();
  wire->listener->on_disconnected();
  connect(*wire, 2);
  EXPECT_TRUE(session->lost().stop_requested());
  EXPECT_EQ(session->loss_reason(), LossReason::session_expired);
  EXPECT_EQ(keeper_->session()->id(), 2);
}

TEST_F(SessionKeeperTest, ShutDownEndsAWait) {
  static_cast<void>(start());
  auto connection = in_background([&] { return keeper_->await_connection(Context()); });
  EXPECT_TRUE(keeper_->shut_down([] {}));
  EXPECT_EQ(connection.get().error(), ZooKeeperErrc::closing);
}

TEST_F(SessionKeeperTest, AWireThatIsDialedAfterShutDownIsClosed) {
  ensemble_.connect_early(1);
  keeper_->start(listener_);
  std::promise<void> closed;
  EXPECT_TRUE(keeper_->shut_down([&] { closed.set_value(); }));
  closed.get_future().wait();
  if (ensemble_.dials() > 0) {  // it may have been in time
    EXPECT_TRUE(ensemble_.next_wire()->await_closed());
  }
  EXPECT_EQ(keeper_->await_connection(Context()).error(), ZooKeeperErrc::closing);
}

}  // namespace
}  // namespace zklock::internal
