// Suspended leases among slow callbacks, slow networks, forks, and threads that meet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zklock/locked_worker.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/testing/lease_source.h>
#include <zklock/zookeeper_lock.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stop_token>
#include <system_error>
#include <thread>
#include <vector>

#include "lock/lease_state.h"
#include "support/long_enough.h"
#include "support/recording_observer.h"
#include "worker_fixture.h"

namespace zklock {
namespace {

using namespace std::chrono_literals;
using zklock::test::RecordingObserver;
using zklock::testing::FakeZooKeeper;
using zklock::testing::LeaseSource;

/// Callbacks that take 6 s: each waits for a lease that is suspended for longer.
class SlowCallbackTest : public ::testing::Test {
 protected:
  SlowCallbackTest() {
    zk_.advance(2min);
    zk_.cut(gone_);
    zk_.advance(50s);
  }
  ~SlowCallbackTest() override {
    zk_.restore(gone_);
    zk_.advance(1min);
  }
  void take_long() const {
    std::error_code error;
    never_.await_certainty(Context().with_timeout(6s), error);
  }
  void let_it_be_suspended(const Lease& lease) {
    zk_.cut(client_);
    zk_.advance(lease.remaining() + 1ms);
  }

  FakeZooKeeper zk_;
  const FakeZooKeeper::Client gone_ = zk_.connect({.session_timeout = 60s});
  ZooKeeperLock lock_of_gone_{{.path = "/gone", .when_uncertain = WhenUncertain::suspend}, gone_};
  const Lease never_ = lock_of_gone_.lock();
  const FakeZooKeeper::Client client_ = zk_.connect({.session_timeout = 10s});
  const std::shared_ptr<RecordingObserver> observer_ = std::make_shared<RecordingObserver>();
  ZooKeeperLock lock_{
      {.path = "/locks", .observer = observer_, .when_uncertain = WhenUncertain::suspend}, client_};
  const Lease lease_ = lock_.lock();
};

TEST_F(SlowCallbackTest, OfSuspendedDoesNotChangeTheOrderOfTheEvents) {
  zk_.advance(20s);
  const std::stop_callback slow(lease_.suspended(), [this] { take_long(); });
  let_it_be_suspended(lease_);
  zk_.restore(client_);
  zk_.advance(12s);
  EXPECT_TRUE(lease_.valid());
  EXPECT_THAT(observer_->order(), ::testing::ElementsAre("granted", "suspended", "resumed"));
}

TEST_F(SlowCallbackTest, OfLostDoesNotDelayTheOtherTokens) {
  zk_.advance(20s);
  const std::stop_token suspended = lease_.suspended();
  const std::stop_token ending = lease_.ending(1s);
  const std::stop_callback slow(lease_.lost(), [this] { take_long(); });
  zk_.remove(lease_.znode());
  zk_.advance(1s);
  EXPECT_TRUE(lease_.lost().stop_requested());
  EXPECT_TRUE(suspended.stop_requested());
  EXPECT_TRUE(ending.stop_requested());
  zk_.advance(6s);
}

TEST(SlowNetworkTest, ALeaseComesBackWhereverItCanBeHeld) {
  for (const auto one_way : {100ms, 300ms, 450ms, 500ms}) {
    FakeZooKeeper zk({.latency = one_way});
    const auto client = zk.connect({.session_timeout = 10s});
    ZooKeeperLock lock({.path = "/locks", .when_uncertain = WhenUncertain::suspend}, client);
    const Lease lease = lock.lock(1min);
    const std::stop_token suspended = lease.suspended();
    zk.advance(30min);
    ASSERT_FALSE(suspended.stop_requested());
    zk.stall(client);
    zk.advance(lease.remaining() + 1ms);
    zk.restore(client);
    zk.advance(30s);
    EXPECT_TRUE(lease.valid()) << one_way.count() << " ms";
  }
}

class GoingOnTest : public zklock::testing::WorkerFixture {};

TEST_F(GoingOnTest, AWorkerIsHealthyWhileItsSuspendedRunGoesOn) {
  ZooKeeperLock lock({.path = "/suspending", .when_uncertain = WhenUncertain::suspend}, client_);
  LockedWorker worker(lock, logged({.when_suspended = WhenSuspended::go_on}),
                      zklock::testing::wait_until_told);
  zk_.advance(1min);
  ASSERT_TRUE(worker.is_leading());
  zk_.cut(client_);
  zk_.advance(7s);
  EXPECT_FALSE(worker.is_leading());
  EXPECT_TRUE(worker.is_healthy());
  zk_.restore(client_);
  zk_.advance(5s);
  EXPECT_TRUE(worker.is_leading());
  worker.stop();
}

/// Waits, in real time.
bool stops(const std::stop_token& token) {
  std::promise<void> stopped;
  const std::stop_callback on_stop(token, [&] { stopped.set_value(); });
  return stopped.get_future().wait_for(test::kLongEnough) == std::future_status::ready;
}

TEST(SuspendedSourceTest, NoTokenIsForgottenWhenSuspensionsAndResumptionsMeet) {
  LeaseSource source;
  for (int round = 0; round < 20; ++round) {
    const Lease lease = source.grant();
    std::atomic<bool> is_over = false;
    const auto suspend = [&] {
      while (!is_over) LeaseSource::suspend(lease);
    };
    std::thread one(suspend);
    std::thread other(suspend);
    std::vector<std::stop_token> tokens;
    for (int i = 0; i < 500; ++i) {
      LeaseSource::resume(lease);
      tokens.push_back(lease.suspended());
    }
    is_over = true;
    one.join();
    other.join();
    LeaseSource::lose(lease);
    for (const std::stop_token& token : tokens) {
      ASSERT_TRUE(stops(token)) << round;
    }
  }
}

TEST(SuspendedSourceTest, AForkedChildMayAskForTheToken) {
  LeaseSource source;
  const Lease lease = source.grant();
  std::atomic<bool> is_over = false;
  std::thread parent([&] {
    while (!is_over) static_cast<void>(lease.valid());
  });
  int hung = 0;
  for (int i = 0; i < 200; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(10);
      static_cast<void>(lease.suspended());
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) ++hung;
  }
  is_over = true;
  parent.join();
  EXPECT_EQ(hung, 0);
}

TEST(SuspendedSourceTest, HasNotEndedAndItsTtlGoesOn) {
  LeaseSource source;
  const Lease lease = source.grant({.ttl = 1h});
  LeaseSource::suspend(lease);
  EXPECT_FALSE(internal::LeaseAccess::state(lease)->ended().stop_requested());
  LeaseSource::set_remaining(lease, 50ms);
  EXPECT_TRUE(stops(lease.lost()));
  EXPECT_EQ(lease.loss_reason(), LossReason::ttl_over);
}

}  // namespace
}  // namespace zklock
