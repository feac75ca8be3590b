// FakeZooKeeper: time, and machines with clocks of their own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace zklock::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::SizeIs;

template <class T>
bool is_ready(const std::future<T>& future) {
  return future.wait_for(0s) == std::future_status::ready;
}

// --- Time ---------------------------------------------------------------------------------------

TEST(FakeZooKeeperTime, StandsStillUntilItIsMoved) {
  FakeZooKeeper zookeeper;
  ZooKeeperLock ours({.path = "/locks"}, zookeeper.connect());
  ZooKeeperLock theirs({.path = "/locks"}, zookeeper.connect());
  const Lease lease = ours.lock();
  auto waiter = zookeeper.in_background([&] {
    std::error_code error;
    theirs.lock(Context().with_timeout(1h), error);
    return error;
  });
  zookeeper.settle();
  EXPECT_THAT(zookeeper.children("/locks"), SizeIs(2));
  zookeeper.advance(1h - 1ns);
  EXPECT_FALSE(is_ready(waiter));
  zookeeper.advance(1ns);
  ASSERT_TRUE(is_ready(waiter));
  EXPECT_EQ(waiter.get(), Errc::locking_timed_out);
  EXPECT_THAT(zookeeper.children("/locks"), SizeIs(1));
}

TEST(FakeZooKeeperTime, DueEventsHappenInOrder) {
  FakeZooKeeper zookeeper;
  const auto client = zookeeper.connect();
  ZooKeeperLock two({.path = "/two", .ttl = 2s}, client);
  ZooKeeperLock one({.path = "/one", .ttl = 1s}, client);
  const Lease second = two.lock();
  const Lease first = one.lock();
  std::vector<std::string> lost;
  std::stop_callback on_second(second.lost(), [&] { lost.push_back("second"); });
  std::stop_callback on_first(first.lost(), [&] { lost.push_back("first"); });
  zookeeper.advance(1h);
  EXPECT_THAT(lost, ElementsAre("first", "second"));
}

TEST(FakeZooKeeperTime, PassesWhileItsOwnThreadWaits) {
  FakeZooKeeper zookeeper;
  ZooKeeperLock ours({.path = "/locks"}, zookeeper.connect());
  const auto client = zookeeper.connect();
  ZooKeeperLock theirs({.path = "/locks"}, client);
  const Lease lease = ours.lock();
  EXPECT_FALSE(theirs.try_lock_for(1h));
  EXPECT_TRUE(lease.valid());
  zookeeper.cut(client);  // the destructors do not hang, either
}

TEST(FakeZooKeeperTime, PassesWhileAnyThreadWaitsIfTheTestAsksForIt) {
  FakeZooKeeper zookeeper;
  ZooKeeperLock ours({.path = "/locks"}, zookeeper.connect());
  ZooKeeperLock theirs({.path = "/locks"}, zookeeper.connect());
  const Lease lease = ours.lock();
  auto waiter = zookeeper.in_background([&] { return theirs.try_lock_for(1h); });
  zookeeper.settle();
  EXPECT_FALSE(is_ready(waiter));
  zookeeper.let_time_pass();
  EXPECT_FALSE(waiter.get());
}

TEST(FakeZooKeeperTime, BodiesInTheBackgroundReturnAndThrow) {
  FakeZooKeeper zookeeper;
  EXPECT_EQ(zookeeper.in_background([] { return 7; }).get(), 7);
  EXPECT_THROW(zookeeper.in_background([]() -> int { throw std::logic_error("no"); }).get(),
               std::logic_error);
}

TEST(FakeZooKeeperTime, ItWaitsForBodiesInTheBackground) {
  bool is_done = false;
  {
    FakeZooKeeper zookeeper;
    static_cast<void>(zookeeper.in_background([&] { is_done = true; }));
  }
  EXPECT_TRUE(is_done);
}

TEST(FakeZooKeeperTime, InvalidOptionsAndASecondFakeAreRefused) {
  EXPECT_THROW(FakeZooKeeper({.servers = 0}), std::invalid_argument);
  EXPECT_THROW(FakeZooKeeper({.tick_time = 0ms}), std::invalid_argument);
  EXPECT_THROW(FakeZooKeeper({.latency = -1ns}), std::invalid_argument);
  EXPECT_THROW(FakeZooKeeper({.jitter = -1ns}), std::invalid_argument);
  FakeZooKeeper zookeeper;
  EXPECT_THROW(FakeZooKeeper(), std::logic_error);
  EXPECT_TRUE(zookeeper.connect());
}

TEST(FakeZooKeeperTime, SettingAWallClockDoesNotAffectLeases) {
  FakeZooKeeper zookeeper;
  const auto client = zookeeper.connect();
  ZooKeeperLock before({.path = "/before", .ttl = 10s}, client);
  ZooKeeperLock after({.path = "/after"}, client);
  const Lease lease = before.lock();
  zookeeper.step_wall_clock(24h);
  const Lease other = after.lock();
  EXPECT_EQ(after.entries().begin()->since - before.entries().begin()->since, 24h);
  EXPECT_EQ(zookeeper.get(other.znode())->stat.ctime - zookeeper.get(lease.znode())->stat.ctime,
            24h);  // a server's clock, and the test's, are one
  EXPECT_TRUE(lease.valid());
  zookeeper.step_wall_clock(-48h);
  zookeeper.advance(10s);
  EXPECT_EQ(lease.loss_reason(), LossReason::ttl_over);
}

TEST(FakeZooKeeperTime, AnotherEnsembleMayFollow) {
  for (int round = 0; round < 3; ++round) {
    FakeZooKeeper zookeeper;
    ZooKeeperLock lock({.path = "/locks"}, zookeeper.connect());
    EXPECT_TRUE(lock.lock().valid());
    zookeeper.advance(1min);
  }
}

TEST(FakeZooKeeperTimeDeathTest, AClientThatOutlivesItIsFatal) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        FakeZooKeeper::Client client;
        FakeZooKeeper zookeeper;
        client = zookeeper.connect();
      },
      "a client or a lock outlives its FakeZooKeeper");
}

// --- Machines -----------------------------------------------------------------------------------

class FakeZooKeeperMachines : public ::testing::Test {
 protected:
  /// Somebody on the machine tries for three seconds of its time, and waits by now.
  std::future<bool> wait_there() {
    ZooKeeperLock& there = lock_there({.path = "/locks"});
    auto waiter = zookeeper_.in_background(
        [this, &there] { return machine_.run([&] { return there.try_lock_for(3s); }); });
    zookeeper_.settle();
    return waiter;
  }

  /// A lock that runs on the machine.
  ZooKeeperLock& lock_there(const ZooKeeperLockConfig& config) {
    const auto client = machine_.connect({.session_timeout = 40s});
    return machine_.run([&]() -> ZooKeeperLock& {
      locks_.push_back(std::make_unique<ZooKeeperLock>(config, client));
      return *locks_.back();
    });
  }
  Lease grant_there(ZooKeeperLock& lock) {
    return machine_.run([&] { return lock.lock(); });
  }
  bool is_valid_there(const Lease& lease) {
    return machine_.run([&] { return lease.valid(); });
  }

  FakeZooKeeper zookeeper_;
  FakeMachine& machine_ = zookeeper_.machine("db7");
  std::vector<std::unique_ptr<ZooKeeperLock>> locks_;
};

TEST_F(FakeZooKeeperMachines, ClaimsNameTheirHost) {
  const Lease lease = grant_there(lock_there({.path = "/locks"}));
  ZooKeeperLock here({.path = "/locks"}, zookeeper_.connect());
  auto waiter = zookeeper_.in_background([&] { return here.lock(); });
  zookeeper_.settle();
  std::vector<std::string> hosts;
  for (const LockEntry& entry : here.entries()) hosts.push_back(entry.host);
  EXPECT_THAT(hosts, ElementsAre("db7", "localhost"));
  machine_.run([&] { locks_.front()->unlock(lease); });
  EXPECT_TRUE(waiter.get().valid());
}

TEST_F(FakeZooKeeperMachines, AreCreatedOnFirstUse) {
  EXPECT_EQ(&zookeeper_.machine("db7"), &machine_);
  EXPECT_NE(&zookeeper_.machine("db8"), &machine_);
}

TEST_F(FakeZooKeeperMachines, RunReturnsWhatItsBodyReturns) {
  EXPECT_EQ(machine_.run([] { return 7; }), 7);
  EXPECT_THROW(machine_.run([] { throw std::logic_error("no"); }), std::logic_error);
}

TEST_F(FakeZooKeeperMachines, AWallClockIsSetOnOneMachine) {
  machine_.step_wall_clock(1h);
  ZooKeeperLock& there = lock_there({.path = "/there"});
  ZooKeeperLock here({.path = "/here"}, zookeeper_.connect());
  const Lease theirs = grant_there(there);
  const Lease ours = here.lock();
  EXPECT_EQ(there.entries().begin()->since - here.entries().begin()->since, 1h);
  EXPECT_EQ(zookeeper_.get(theirs.znode())->stat.ctime, zookeeper_.get(ours.znode())->stat.ctime);
}

TEST_F(FakeZooKeeperMachines, AFastClockEndsATtlEarly) {
  machine_.set_drift(100'000);
  const Lease lease = grant_there(lock_there({.path = "/locks", .ttl = 11s}));
  zookeeper_.advance(10s - 1ms);
  EXPECT_TRUE(is_valid_there(lease));
  EXPECT_FALSE(lease.lost().stop_requested());
  zookeeper_.advance(2ms);
  EXPECT_FALSE(is_valid_there(lease));
  EXPECT_TRUE(lease.lost().stop_requested());
}

TEST_F(FakeZooKeeperMachines, ASlowClockEndsATtlLate) {
  machine_.set_drift(-100'000);
  const Lease lease = grant_there(lock_there({.path = "/locks", .ttl = 9s}));
  zookeeper_.advance(10s - 1ms);
  EXPECT_TRUE(is_valid_there(lease));
  zookeeper_.advance(2ms);
  EXPECT_FALSE(is_valid_there(lease));
}

TEST_F(FakeZooKeeperMachines, WaitsOnAFrozenMachineContinueAfterwards) {
  ZooKeeperLock here({.path = "/locks"}, zookeeper_.connect());
  const Lease lease = here.lock();
  auto waiter = wait_there();
  machine_.freeze();
  zookeeper_.advance(10s);
  EXPECT_FALSE(is_ready(waiter));
  machine_.thaw();
  EXPECT_FALSE(waiter.get());
}

TEST_F(FakeZooKeeperMachines, AFrozenMachineReceivesNothing) {
  ZooKeeperLock here({.path = "/locks"}, zookeeper_.connect());
  const Lease lease = here.lock();
  auto waiter = wait_there();
  machine_.freeze();
  here.unlock(lease);
  zookeeper_.advance(1s);
  EXPECT_FALSE(is_ready(waiter));
  machine_.thaw();
  EXPECT_TRUE(waiter.get());
}

TEST_F(FakeZooKeeperMachines, ALongFrozenHolderHasLostItsLock) {
  const Lease lease = grant_there(lock_there({.path = "/locks"}));
  ZooKeeperLock here({.path = "/locks"}, zookeeper_.connect());
  auto waiter = zookeeper_.in_background([&] { return here.lock(); });
  machine_.freeze();
  zookeeper_.advance(42s);  // its session timeout, and a tick
  EXPECT_TRUE(waiter.get().valid());
  machine_.thaw();
  zookeeper_.advance(1s);
  EXPECT_FALSE(is_valid_there(lease));
  EXPECT_TRUE(lease.lost().stop_requested());
}

TEST_F(FakeZooKeeperMachines, ATtlEndsWhileTheMachineIsSuspended) {
  const Lease lease = grant_there(lock_there({.path = "/locks", .ttl = 5s}));
  machine_.suspend();
  zookeeper_.advance(10s);
  EXPECT_FALSE(lease.lost().stop_requested());  // nothing runs there
  machine_.resume();
  EXPECT_FALSE(is_valid_there(lease));
  EXPECT_EQ(lease.loss_reason(), LossReason::ttl_over);
}

TEST_F(FakeZooKeeperMachines, ASteadyClockStandsWhileTheMachineIsSuspended) {
  ZooKeeperLock here({.path = "/locks"}, zookeeper_.connect());
  const Lease lease = here.lock();
  ZooKeeperLock& there = lock_there({.path = "/locks"});
  auto waiter = zookeeper_.in_background(
      [&] { return machine_.run([&] { return there.try_lock_for(5s); }); });
  zookeeper_.advance(1s);
  machine_.suspend();
  zookeeper_.advance(10s);
  machine_.resume();
  zookeeper_.advance(4s - 1ns);
  EXPECT_FALSE(is_ready(waiter));
  zookeeper_.advance(1ns);
  EXPECT_TRUE(is_ready(waiter));
  EXPECT_FALSE(waiter.get());
}

}  // namespace
}  // namespace zklock::testing
