// Removing what was given up: until it is gone, or its session is.
#include "client_fixture.h"

namespace zklock {
namespace {

using RemovalListTest = ClientTest;

TEST_F(RemovalListTest, ANodeIsRemovedAtOnce) {
  const auto wire = connect();
  client_->remove_in_background("/a");
  EXPECT_EQ(client_->pending_removals().count, 1U);
  const WireRequest request = wire->take(Op::remove);
  EXPECT_EQ(request.path, "/a");
  EXPECT_EQ(request.version, ZooKeeperClient::kAnyVersion);
  request.answer();
  EXPECT_EQ(client_->pending_removals().count, 0U);
  EXPECT_FALSE(client_->pending_removals().last_error);
}

TEST_F(RemovalListTest, AMissingNodeCountsAsRemoved) {
  const auto wire = connect();
  client_->remove_in_background("/a");
  wire->take(Op::remove).fail(ZooKeeperErrc::no_node);
  EXPECT_EQ(client_->pending_removals().count, 0U);
}

TEST_F(RemovalListTest, WithoutAConnectionTheNodeIsRemovedOnTheNextOne) {
  const auto wire = connect();
  wire->listener->on_disconnected();
  client_->remove_in_background("/a");
  EXPECT_FALSE(wire->has_requests());
  wire->connect(kSession);
  wire->take(Op::remove).answer();
  EXPECT_EQ(client_->pending_removals().count, 0U);
}

TEST_F(RemovalListTest, ALostRemovalIsRepeatedOnTheNextConnection) {
  const auto wire = connect();
  client_->remove_in_background("/a");
  const WireRequest request = wire->take(Op::remove);
  wire->listener->on_disconnected();
  request.fail(ZooKeeperErrc::connection_loss);
  EXPECT_EQ(client_->pending_removals().count, 1U);
  EXPECT_EQ(client_->pending_removals().last_error, ZooKeeperErrc::connection_loss);
  EXPECT_FALSE(wire->has_requests());
  wire->connect(kSession);
  wire->take(Op::remove).answer();
  EXPECT_EQ(client_->pending_removals().count, 0U);
}

TEST_F(RemovalListTest, AConnectionLossAfterTheReconnectIsRepeatedToo) {
  const auto wire = connect();
  client_->remove_in_background("/a");
  const WireRequest request = wire->take(Op::remove);
  reconnect(*wire);
  EXPECT_FALSE(wire->has_requests());  // it is being tried, as far as is known
  request.fail(ZooKeeperErrc::connection_loss);
  wire->take(Op::remove).answer();
  EXPECT_EQ(client_->pending_removals().count, 0U);
}

TEST_F(RemovalListTest, ATemporaryRefusalIsRepeatedAfterAPause) {
  const auto wire = connect();
  client_->remove_in_background("/a");
  wire->take(Op::remove).fail(ZooKeeperErrc::throttled);
  EXPECT_FALSE(wire->has_requests());
  EXPECT_EQ(client_->pending_removals().last_error, ZooKeeperErrc::throttled);
  time_.advance(1s);
  wire->take(Op::remove).answer();
  EXPECT_EQ(client_->pending_removals().count, 0U);
}

TEST_F(RemovalListTest, TheEndOfTheSessionCompletesTheRemoval) {
  const auto wire = connect();
  wire->listener->on_disconnected();
  client_->remove_in_background("/a");
  wire->listener->on_expired();
  EXPECT_EQ(client_->pending_removals().count, 0U);
  const auto next = connect(kSession + 1);
  EXPECT_FALSE(next->has_requests());
}

TEST_F(RemovalListTest, WithoutASessionThereIsNothingToRemove) {
  client_->remove_in_background("/a");
  EXPECT_EQ(client_->pending_removals().count, 0U);
  EXPECT_FALSE(connect()->has_requests());
}

TEST_F(RemovalListTest, NoPermissionEndsTheSession) {
  const auto wire = connect();
  const auto session = client_->session();
  client_->remove_in_background("/a");
  wire->take(Op::remove).fail(ZooKeeperErrc::no_auth);
  EXPECT_TRUE(session->lost().stop_requested());
  EXPECT_TRUE(wire->await_closed());
  EXPECT_EQ(client_->pending_removals().count, 0U);
  EXPECT_TRUE(lines_->await("3 no permission to remove /a"));
}

TEST_F(RemovalListTest, SeveralAreSentAtOnce) {
  const auto wire = connect();
  client_->remove_in_background("/a");
  client_->remove_in_background("/b");
  const WireRequest first = wire->take(Op::remove);
  const WireRequest second = wire->take(Op::remove);
  EXPECT_EQ(second.path, "/b");
  second.answer();
  EXPECT_EQ(client_->pending_removals().count, 1U);
  first.answer();
  EXPECT_EQ(client_->pending_removals().count, 0U);
}

}  // namespace
}  // namespace zklock
