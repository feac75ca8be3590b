// Dialing again: pauses after failures, and servers that have moved.
#include "session/redialer.h"

#include <atomic>

#include "unit/client/client_fixture.h"

namespace zklock::internal {
namespace {

/// Dials whatever it is asked for, and answers as the test says.
class Target final : public DialTarget {
 public:
  explicit Target(std::unique_ptr<Dialer> dialer) : redialer(std::move(dialer), connector_) {}

  std::optional<Attempt> begin_dial() override {
    if (!is_wanted) return std::nullopt;
    return Attempt{++dials, nullptr, std::nullopt};
  }
  Next end_dial(std::uint64_t, const Dialer::Outcome& outcome) override {
    return outcome.wire ? Next::search : Next::dial_again;
  }
  std::optional<std::chrono::nanoseconds> searching_for() const override {
    ++looks;
    if (is_connected) return std::nullopt;
    return std::chrono::nanoseconds(searching.load());
  }
  void replace_wire() override { ++replaced; }
  void look_for_refusal() override { ++looks_for_refusal; }

 private:
  Executor connector_{"zklock-connect"};

 public:
  Redialer redialer;
  std::atomic<bool> is_wanted = true;
  std::atomic<bool> is_connected = false;
  std::atomic<std::int64_t> searching = std::chrono::nanoseconds(10s).count();
  std::atomic<std::uint64_t> dials = 0;
  mutable std::atomic<int> looks = 0;
  std::atomic<int> replaced = 0;
  std::atomic<int> looks_for_refusal = 0;
};

class RedialerTest : public ::testing::Test {
 protected:
  ~RedialerTest() override { time_.settle(); }  // no task holds the target any more

  void refuse(int times) {
    for (int i = 0; i < times; ++i) ensemble_.refuse_next("no such host zk1");
  }
  void start() {
    target_->redialer.start(target_);
    time_.settle();
  }

  zklock::testing::VirtualClock time_;
  zklock::testing::ScriptedEnsemble ensemble_;
  const std::shared_ptr<Target> target_ = std::make_shared<Target>(ensemble_.dialer());
};

TEST_F(RedialerTest, PausesGrowWithEachFailure) {
  refuse(100);
  start();
  EXPECT_EQ(target_->dials, 1U);
  time_.advance(24ms);
  EXPECT_EQ(target_->dials, 1U) << "the first pause is 25 ms at least";
  time_.advance(26ms);
  EXPECT_EQ(target_->dials, 2U) << "and 50 ms at most";
  // 50 + 100 + 200 + ... + 3,200 ms, and half of it at least.
  time_.advance(6'350ms);
  EXPECT_GE(target_->dials, 8U);
  EXPECT_LE(target_->dials, 9U);
  const std::uint64_t dials = target_->dials;
  time_.advance(50s);  // 5 s at most, 2.5 s at least
  EXPECT_GE(target_->dials, dials + 10);
  EXPECT_LE(target_->dials, dials + 22);
}

TEST_F(RedialerTest, AConnectionMakesTheNextPauseShort) {
  refuse(6);
  start();
  time_.advance(3s);
  target_->redialer.on_connected();
  target_->is_connected = true;
  const std::uint64_t dials = target_->dials;
  refuse(1);
  target_->redialer.dial_soon();
  time_.settle();
  EXPECT_EQ(target_->dials, dials + 1);
  time_.advance(50ms);
  EXPECT_EQ(target_->dials, dials + 2);
}

TEST_F(RedialerTest, NothingIsDialedThatIsNotWanted) {
  target_->is_wanted = false;
  start();
  time_.advance(1min);
  EXPECT_EQ(ensemble_.dials(), 0);
}

TEST_F(RedialerTest, ServersThatHaveMovedAreReplacedAfterTwoSeconds) {
  start();
  ensemble_.move_servers();
  time_.advance(2s - 1ms);
  EXPECT_EQ(target_->replaced, 0);
  time_.advance(1ms);
  EXPECT_EQ(target_->replaced, 1);
  time_.advance(1min);
  EXPECT_EQ(target_->looks, 1) << "the target asks for the next wire";
}

TEST_F(RedialerTest, AWireThatSearchesSinceShorterIsLookedAtLater) {
  start();
  target_->searching = std::chrono::nanoseconds(500ms).count();
  ensemble_.move_servers();
  time_.advance(2s);
  EXPECT_EQ(target_->looks, 1);
  EXPECT_EQ(target_->replaced, 0);
  target_->searching = std::chrono::nanoseconds(2s).count();
  time_.advance(1'500ms);
  EXPECT_EQ(target_->replaced, 1);
}

TEST_F(RedialerTest, AConnectionEndsTheLook) {
  start();
  target_->is_connected = true;
  time_.advance(1min);
  EXPECT_EQ(target_->looks, 1);
}

TEST_F(RedialerTest, AttemptsToConnectAreLookedAtUntilThereIsAConnection) {
  ensemble_.look_at_attempts_each(250ms);
  start();
  time_.advance(249ms);
  EXPECT_EQ(ensemble_.looks_at_attempts(), 0);
  time_.advance(1ms);
  EXPECT_EQ(ensemble_.looks_at_attempts(), 1);
  target_->redialer.look_for_servers_later();  // no second row of looks
  time_.advance(1s);
  EXPECT_EQ(ensemble_.looks_at_attempts(), 5);
  target_->is_connected = true;
  time_.advance(1min);
  EXPECT_EQ(ensemble_.looks_at_attempts(), 5);
  target_->is_connected = false;
  target_->redialer.look_for_servers_later();
  time_.advance(250ms);
  EXPECT_EQ(ensemble_.looks_at_attempts(), 6);
  EXPECT_EQ(target_->looks_for_refusal, 6);
}

TEST_F(RedialerTest, TheServersAreLookedUpAtOnceWhenAConnectionBreaks) {
  start();
  target_->is_connected = true;
  EXPECT_EQ(ensemble_.look_ups(), 0);
  target_->redialer.on_disconnected();
  time_.settle();
  EXPECT_EQ(ensemble_.look_ups(), 1) << "also if there is a connection again";
  target_->redialer.on_disconnected();
  time_.advance(1min);
  EXPECT_EQ(ensemble_.look_ups(), 2);
}

TEST_F(RedialerTest, ConnectionsThatBreakOneAfterTheOtherAreLookedUpAfterAPause) {
  start();
  target_->is_connected = true;
  target_->redialer.on_disconnected();
  time_.settle();
  EXPECT_EQ(ensemble_.look_ups(), 1);
  time_.advance(100ms);
  target_->redialer.on_disconnected();
  time_.advance(1'899ms);
  EXPECT_EQ(ensemble_.look_ups(), 1) << "2 s at least";
  target_->redialer.on_disconnected();
  time_.advance(2'001ms);
  EXPECT_EQ(ensemble_.look_ups(), 2) << "and 4 s at most";
  time_.advance(1min);
  EXPECT_EQ(ensemble_.look_ups(), 2);
}

TEST_F(RedialerTest, ALongSearchLooksServersUpAfterPauses) {
  start();
  time_.advance(2s);
  EXPECT_EQ(target_->looks, 1);
  time_.advance(1'999ms);
  EXPECT_EQ(target_->looks, 1) << "2 s at least";
  time_.advance(2'001ms);
  EXPECT_GE(target_->looks, 2) << "and 4 s at most";
}

TEST_F(RedialerTest, ThereIsOneLookAtATime) {
  start();
  target_->redialer.look_for_servers_later();
  target_->redialer.look_for_servers_later();
  target_->is_connected = true;
  time_.advance(1min);
  EXPECT_EQ(target_->looks, 1);
  target_->redialer.look_for_servers_later();
  time_.advance(2s);
  EXPECT_EQ(target_->looks, 2);
}

}  // namespace
}  // namespace zklock::internal
