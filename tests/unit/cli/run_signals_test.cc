#include "cli/run_signals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "support/is_stopped.h"
#include "support/long_enough.h"

namespace zklock::cli {
namespace {

using test::is_stopped;
using test::kLongEnough;
using ::testing::ElementsAre;

/// What was started, and what was forwarded, in this order.
class Events {
 public:
  static constexpr int kStarted = -1;

  void add(int event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(event);
    changed_.notify_all();
  }
  /// Waits until there are so many.
  std::vector<int> first(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kLongEnough, [&] { return events_.size() >= count; });
    return events_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<int> events_;
};

class RunSignalsTest : public ::testing::Test {
 protected:
  RunSignalsTest() { signals_.request_stop_on_first(); }
  void TearDown() override { ::pthread_sigmask(SIG_SETMASK, &blocked_.mask_before, nullptr); }

  /// Returns when the receiver has it, whatever it has done with it.
  static void send(int signal) {
    ::kill(::getpid(), signal);
    const auto deadline = std::chrono::steady_clock::now() + kLongEnough;
    while (is_pending(signal)) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::yield();
    }
  }
  static bool is_pending(int signal) {
    sigset_t pending;
    ::sigpending(&pending);
    return sigismember(&pending, signal) == 1;
  }
  bool start() {
    return signals_.start_forwarding([this] { events_.add(Events::kStarted); });
  }

  const RunSignals::Blocked blocked_ = RunSignals::block();
  Events events_;
  RunSignals signals_{blocked_, [this](int signal) { events_.add(signal); }};
};

TEST_F(RunSignalsTest, NothingIsStartedAfterASignal) {
  send(SIGINT);
  ASSERT_TRUE(is_stopped(signals_.stop_token()));
  EXPECT_FALSE(start());
  EXPECT_EQ(signals_.first(), SIGINT);
  EXPECT_THAT(events_.first(0), ElementsAre());
}

TEST_F(RunSignalsTest, ASignalDuringTheStartIsForwardedAfterIt) {
  EXPECT_TRUE(signals_.start_forwarding([this] {
    send(SIGTERM);
    events_.add(Events::kStarted);
  }));
  EXPECT_THAT(events_.first(2), ElementsAre(Events::kStarted, SIGTERM));
}

TEST_F(RunSignalsTest, AHangUpIsForwardedAndDoesNotEndTheWork) {
  ASSERT_TRUE(start());
  send(SIGHUP);
  send(SIGTERM);
  EXPECT_THAT(events_.first(3), ElementsAre(Events::kStarted, SIGHUP, SIGTERM));
  ASSERT_TRUE(is_stopped(signals_.stop_token()));
  EXPECT_EQ(signals_.first(), SIGTERM);
}

TEST_F(RunSignalsTest, ASignalThatMeansNothingDoesNotEndIt) {
  send(SIGRTMAX);
  send(SIGTERM);
  EXPECT_TRUE(is_stopped(signals_.stop_token()));
}

TEST_F(RunSignalsTest, WithoutACommandASignalIsNotForwarded) {
  ASSERT_TRUE(start());
  signals_.end_forwarding();
  send(SIGHUP);
  ASSERT_TRUE(is_stopped(signals_.stop_token()));
  EXPECT_THAT(events_.first(1), ElementsAre(Events::kStarted));
}

TEST_F(RunSignalsTest, ACommandThatIsToStopIsNotContinued) {
  const auto goes_on = [this] { return signals_.unless_stopping([] {}); };
  ASSERT_TRUE(start());
  EXPECT_TRUE(goes_on());
  send(SIGTSTP);
  EXPECT_THAT(events_.first(2), ElementsAre(Events::kStarted, SIGTSTP));
  EXPECT_FALSE(goes_on());
  send(SIGCONT);
  EXPECT_THAT(events_.first(3), ElementsAre(Events::kStarted, SIGTSTP, SIGCONT));
  EXPECT_TRUE(goes_on());
}

}  // namespace
}  // namespace zklock::cli
