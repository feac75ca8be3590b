// Servers that refuse to log a client in, of which the wire knows without an event.
#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>

#include "session_keeper_fixture.h"
#include "support/recording_logger.h"

namespace zklock::internal {
namespace {

using zklock::test::RecordingLogger;

class SessionKeeperRefusalTest : public ::testing::Test {
 protected:
  SessionKeeperRefusalTest() { ensemble_.look_at_attempts_each(250ms); }
  ~SessionKeeperRefusalTest() override {
    keeper_->shut_down([] {});
  }

  /// Connected, until just now.
  std::shared_ptr<ScriptedWire> connect_and_break() {
    keeper_->start(listener_);
    auto wire = ensemble_.next_wire();
    wire->connect(1);
    EXPECT_TRUE(listener_->await(1));
    wire->listener->on_disconnected();
    return wire;
  }
  void refuse(ScriptedWire& wire) {
    wire.refuse("unknown user");
    time_.settle();
    time_.advance(250ms);
  }

  [[nodiscard]] std::ptrdiff_t times_logged() {
    time_.settle();
    const auto lines = logger_->lines();
    return std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
      return line.find("unknown user") != std::string::npos;
    });
  }

  zklock::testing::VirtualClock time_;
  ScriptedEnsemble ensemble_;
  const std::shared_ptr<Listener> listener_ = std::make_shared<Listener>();
  const std::shared_ptr<RecordingLogger> logger_ = std::make_shared<RecordingLogger>();
  const std::shared_ptr<SessionKeeper> keeper_ = std::make_shared<SessionKeeper>(
      ensemble_.dialer(), Background::shared(), Log(logger_, Background::shared()));
};

TEST_F(SessionKeeperRefusalTest, TheFirstSessionFails) {
  keeper_->start(listener_);
  const auto wire = ensemble_.next_wire();
  refuse(*wire);
  EXPECT_EQ(keeper_->await_connection({}).error(), ZooKeeperErrc::auth_failed);
  EXPECT_EQ(keeper_->problem(), "unknown user");
  EXPECT_TRUE(wire->await_closed());
  time_.advance(1min);
  EXPECT_EQ(ensemble_.dials(), 1);
}

TEST_F(SessionKeeperRefusalTest, ASessionThatNobodyWaitsForIsTriedAgain) {
  keeper_->start(listener_, SessionKeeper::FirstSession::may_take_time);
  refuse(*ensemble_.next_wire());
  time_.advance(1s);
  EXPECT_FALSE(ensemble_.next_wire()->resumed);
  EXPECT_FALSE(keeper_->has_failed());
}

TEST_F(SessionKeeperRefusalTest, ASessionIsResumedByAnotherWireAndStaysCertainMeanwhile) {
  const auto wire = connect_and_break();
  const auto session = keeper_->session();
  refuse(*wire);
  EXPECT_TRUE(wire->await_closed());
  time_.advance(1s);
  const auto next = ensemble_.next_wire();
  ASSERT_TRUE(next->resumed);
  EXPECT_EQ(next->resumed->id, 1);
  EXPECT_GT(session->certain_until(), time_.steady_now());
  next->connect(1);
  EXPECT_TRUE(listener_->await(2));
  EXPECT_EQ(keeper_->session(), session);
  EXPECT_EQ(keeper_->problem(), "");
}

TEST_F(SessionKeeperRefusalTest, ALoginThatBrokeIsTriedAgainAlsoByTheFirstSession) {
  keeper_->start(listener_);
  const auto wire = ensemble_.next_wire();
  wire->refuse("the connection broke", true);
  time_.settle();
  time_.advance(2s);
  EXPECT_TRUE(wire->await_closed());
  ensemble_.next_wire()->connect(1);
  EXPECT_TRUE(listener_->await(1));
}

TEST_F(SessionKeeperRefusalTest, AWireThatIsReplacedMeanwhileIsClosedByTheReplacementAlone) {
  const auto wire = connect_and_break();
  wire->when_asked_for_refusal([this] { keeper_->replace_wire(); });
  refuse(*wire);
  EXPECT_TRUE(wire->await_closed());
  time_.advance(1min);
  EXPECT_EQ(wire->closes(), 1);
  EXPECT_EQ(ensemble_.dials(), 2);
}

TEST_F(SessionKeeperRefusalTest, TheReasonIsLoggedOnceUntilThereIsAConnection) {
  auto wire = connect_and_break();
  for (int i = 0; i < 8; ++i) {
    refuse(*wire);
    time_.advance(6s);  // longer than any pause
    wire = ensemble_.next_wire();
  }
  EXPECT_TRUE(logger_->await("zk1:2181: unknown user"));
  EXPECT_EQ(times_logged(), 1);
  wire->connect(1);
  EXPECT_TRUE(listener_->await(2));
  wire->listener->on_disconnected();
  refuse(*wire);
  EXPECT_EQ(times_logged(), 2);
}

}  // namespace
}  // namespace zklock::internal
