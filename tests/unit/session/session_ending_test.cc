// Session::ending: a warning some time before the session is uncertain. The session timeout is 10
// s.
#include <list>
#include <stop_token>

#include "session/session_state.h"
#include "unit/client/client_fixture.h"

namespace zklock {
namespace {

constexpr auto kSure = 9'900ms;  // what a handshake, or an operation, makes certain

class SessionEndingTest : public ClientTest {
 protected:
  SessionEndingTest() : wire_(connect()), session_(client_->session()) { time_.settle(); }

  /// The servers answer everything for so long.
  void serve(std::chrono::nanoseconds time) {
    const auto end = time_.steady_now() + time;
    while (time_.steady_now() < end) {
      time_.advance(50ms);
      while (wire_->has_upkeep()) {
        wire_->take_any_upkeep().fail(ZooKeeperErrc::no_node);
        time_.settle();
      }
    }
  }

  const std::shared_ptr<ScriptedWire> wire_;
  const std::shared_ptr<const Session> session_;
};

TEST_F(SessionEndingTest, IsToldByItsMarginBeforeTheEndAndNotBefore) {
  const std::stop_token early = session_->ending(2s);
  const std::stop_token late = session_->ending(1ms);
  const std::stop_token uncertain = session_->uncertain();
  time_.advance(kSure - 2s - 1ms);
  EXPECT_FALSE(early.stop_requested());
  time_.advance(1ms);
  EXPECT_TRUE(early.stop_requested());
  time_.advance(2s - 2ms);
  EXPECT_FALSE(late.stop_requested());
  time_.advance(1ms);
  EXPECT_TRUE(late.stop_requested());
  EXPECT_FALSE(uncertain.stop_requested());
}

TEST_F(SessionEndingTest, IsMovedOnByEvidence) {
  const auto reliance = session_->keep_certain();
  const std::stop_token ending = session_->ending(2'499ms);
  serve(2min);
  EXPECT_FALSE(ending.stop_requested());
  time_.advance(kSure);
  EXPECT_TRUE(ending.stop_requested());
}

TEST_F(SessionEndingTest, IsOnTimeWhenTheTimerHasLookedAlready) {
  time_.advance(kSure - 200ms);  // the timer looks again only at the end
  const std::stop_token ending = session_->ending(100ms);
  time_.advance(100ms - 1ms);
  EXPECT_FALSE(ending.stop_requested());
  time_.advance(1ms);
  EXPECT_TRUE(ending.stop_requested());
}

TEST_F(SessionEndingTest, AToldTokenStaysToldAndALaterOneIsForWhatIsLeftThen) {
  const auto reliance = session_->keep_certain();
  const std::stop_token before = session_->ending(2s);
  time_.advance(kSure - 1s);
  EXPECT_TRUE(before.stop_requested());
  EXPECT_TRUE(session_->ending(2s).stop_requested()) << "less is left";
  serve(10s);
  const std::stop_token after = session_->ending(2s);
  serve(10s);
  EXPECT_TRUE(before.stop_requested());
  EXPECT_FALSE(after.stop_requested());
}

TEST_F(SessionEndingTest, TheEndOfTheSessionIsAnEndToo) {
  const std::stop_token ending = session_->ending(2s);
  wire_->listener->on_expired();
  EXPECT_TRUE(ending.stop_requested());
  EXPECT_TRUE(session_->ending(2s).stop_requested());
}

TEST_F(SessionEndingTest, AThousandTokensAreOneTimeToLookAt) {
  internal::SessionState session({.id = 7, .timeout = 10s});
  session.handshake(10s, time_.boot_now(), time_.boot_now());
  int looks = 0;
  session.look_again_with([&looks] { ++looks; });
  int told = 0;
  const auto tell = [&told] { ++told; };
  std::list<std::stop_callback<decltype(tell)>> callbacks;
  for (int i = 0; i < 1'000; ++i) callbacks.emplace_back(session.ending(2s), tell);
  EXPECT_EQ(looks, 1);
  EXPECT_EQ(session.next_expiry(), time_.boot_now() + kSure - 2s);
  session.expire_if_due(session.next_expiry() - 1ns);
  EXPECT_EQ(told, 0);
  session.expire_if_due(session.next_expiry());
  EXPECT_EQ(told, 1'000);
}

}  // namespace
}  // namespace zklock
