// The state of a client's wire, session and connection, step by step.
#include "session/current_connection.h"

#include "unit/client/client_fixture.h"

namespace zklock::internal {
namespace {

class CurrentConnectionTest : public ::testing::Test {
 protected:
  static std::shared_ptr<Wire> wire() {
    return std::make_shared<ScriptedWire>(nullptr, std::nullopt);
  }
  static SessionIdentity identity(std::int64_t id) { return {.id = id, .timeout = 10s}; }

  /// Dials a wire and connects it to this session. Returns the number of the wire.
  std::uint64_t connect(std::int64_t session) {
    const auto attempt = current_.begin_dial();
    EXPECT_TRUE(attempt);
    EXPECT_EQ(current_.adopt(attempt->wire, wire()), CurrentConnection::Adoption::searching);
    EXPECT_TRUE(current_.on_connected(attempt->wire, identity(session)).is_current);
    return attempt->wire;
  }

  zklock::testing::VirtualClock time_;
  CurrentConnection current_;
};

TEST_F(CurrentConnectionTest, AWireThatIsConnectedBeforeItIsAdoptedIsUpAfterwards) {
  const auto attempt = current_.begin_dial();
  ASSERT_TRUE(attempt);
  EXPECT_FALSE(attempt->resume);
  current_.on_connected(attempt->wire, identity(1));
  EXPECT_FALSE(current_.get());
  EXPECT_EQ(current_.number_on(attempt->wire), 0U);
  EXPECT_EQ(current_.adopt(attempt->wire, wire()), CurrentConnection::Adoption::connected);
  ASSERT_TRUE(current_.get());
  EXPECT_EQ(current_.get()->number, 1U);
  EXPECT_EQ(current_.number_on(attempt->wire), 1U);
}

TEST_F(CurrentConnectionTest, NewsIsTakenOnce) {
  const std::uint64_t wire = connect(1);
  const auto news = current_.take_news();
  ASSERT_TRUE(news);
  EXPECT_TRUE(news->is_new_wire);
  EXPECT_FALSE(current_.take_news());
  EXPECT_TRUE(current_.on_disconnected(wire));
  EXPECT_FALSE(current_.on_disconnected(wire));
  current_.on_connected(wire, identity(1));
  const auto more = current_.take_news();
  ASSERT_TRUE(more);
  EXPECT_EQ(more->connection.number, 2U);
  EXPECT_FALSE(more->is_new_wire);
}

TEST_F(CurrentConnectionTest, OldWiresAreIgnored) {
  const std::uint64_t old = connect(1);
  ASSERT_TRUE(current_.end(old));
  connect(2);
  EXPECT_FALSE(current_.on_connected(old, identity(1)).is_current);
  EXPECT_FALSE(current_.on_disconnected(old));
  EXPECT_FALSE(current_.fail(old, ZooKeeperErrc::auth_failed, "refused"));
  EXPECT_FALSE(current_.end(old));
  EXPECT_FALSE(current_.last_number_of(old));
  EXPECT_EQ(current_.number_on(old), 0U);
  EXPECT_EQ(current_.session()->id(), 2);
}

TEST_F(CurrentConnectionTest, AWireThatIsDetachedKeepsItsSessionForTheNextOne) {
  const std::uint64_t wire = connect(1);
  EXPECT_FALSE(current_.detach_wire()) << "it is connected";
  ASSERT_TRUE(current_.on_disconnected(wire));
  const auto detached = current_.detach_wire();
  ASSERT_TRUE(detached);
  EXPECT_NE(detached->wire, nullptr);
  EXPECT_EQ(detached->session->id(), 1);
  const auto attempt = current_.begin_dial();
  ASSERT_TRUE(attempt && attempt->resume);
  EXPECT_EQ(attempt->resume->id, 1);
}

TEST_F(CurrentConnectionTest, ASessionCanBeEndedWhileAWireIsDialedForIt) {
  const std::uint64_t wire = connect(1);
  const auto session = current_.session();
  ASSERT_TRUE(current_.on_disconnected(wire));
  ASSERT_TRUE(current_.detach_wire());
  const auto attempt = current_.begin_dial();
  ASSERT_TRUE(attempt);
  const auto ended = current_.end(session);
  ASSERT_TRUE(ended);
  EXPECT_FALSE(ended->failure);
  EXPECT_EQ(current_.session(), nullptr);
  EXPECT_EQ(current_.adopt(attempt->wire, CurrentConnectionTest::wire()),
            CurrentConnection::Adoption::refused);
  EXPECT_FALSE(current_.end(session)) << "it is not the current one any more";
}

TEST_F(CurrentConnectionTest, AnAnswerFromAnotherConnectionIsNoEvidence) {
  const std::uint64_t wire = connect(1);
  const BootTime now = Platform::current().boot_now();
  EXPECT_EQ(current_.history().fruitless, 1U);
  EXPECT_EQ(current_.answered({2, now, now, false}), nullptr);
  EXPECT_EQ(current_.history().fruitless, 1U);
  EXPECT_EQ(current_.answered({1, now, now, false}), current_.session());
  EXPECT_EQ(current_.history().fruitless, 0U);
  ASSERT_TRUE(current_.on_disconnected(wire));
  EXPECT_EQ(current_.answered({1, now, now, false}), nullptr);
}

TEST_F(CurrentConnectionTest, OnlyTheFirstFailureToDialCanBeFinal) {
  const auto first = current_.begin_dial();
  ASSERT_TRUE(first);
  EXPECT_TRUE(current_.fail_to_dial(first->wire, "no such host", false));
  EXPECT_EQ(current_.problem(), "no such host");
  const auto second = current_.begin_dial();
  ASSERT_TRUE(second);
  EXPECT_FALSE(current_.fail_to_dial(second->wire, "no such host", true));
  EXPECT_EQ(current_.failure(), ZooKeeperErrc::connection_loss);
  EXPECT_FALSE(current_.begin_dial());
}

TEST_F(CurrentConnectionTest, ClosingWithoutAConnectionCannotTellTheServers) {
  const std::uint64_t wire = connect(1);
  ASSERT_TRUE(current_.on_disconnected(wire));
  EXPECT_FALSE(current_.begin_close().can_tell_servers);
  EXPECT_EQ(current_.await(Context()).error(), ZooKeeperErrc::closing);
  EXPECT_TRUE(current_.on_connected(wire, identity(1)).has_failed);
  EXPECT_NE(current_.end_close(), nullptr);
  EXPECT_EQ(current_.session(), nullptr);
}

}  // namespace
}  // namespace zklock::internal
