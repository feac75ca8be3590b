// Runs of a LockedWorker that go on after the request to stop.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/locked_worker.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "support/virtual_clock.h"
#include "worker_fixture.h"

namespace zklock {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::ExitedWithCode;
using ::testing::SizeIs;
using zklock::testing::Gate;
using zklock::testing::wait_until_told;

class OverdueWorkerTest : public zklock::testing::WorkerFixture {};
using OverdueWorkerDeathTest = OverdueWorkerTest;

TEST_F(OverdueWorkerTest, ARunThatDoesNotReturnIsNamedAndTheProbeSaysSo) {
  Gate gate;
  std::vector<std::string> overdue;
  LockedWorker worker(
      lock_,
      logged({.overdue_after = 5s,
              .on_overdue = [&](const Lease& lease) { overdue.push_back(lease.znode()); }}),
      [&](const Lease& lease, std::stop_token stop) {
        gate.wait();
        wait_until_told(lease, std::move(stop));
      });
  zk_.advance(10min);
  EXPECT_TRUE(worker.is_healthy());
  worker.step_down(1min);
  zk_.advance(5s - 1ms);
  EXPECT_THAT(overdue, SizeIs(0));
  zk_.advance(10min);
  EXPECT_THAT(overdue, ElementsAre(zk_.children("/locks").front()));
  EXPECT_TRUE(lines_->has("has not returned 5000 ms after the request to stop"));
  EXPECT_FALSE(worker.is_healthy());
  gate.open();
  zk_.settle();
  EXPECT_TRUE(worker.is_healthy());
}

TEST_F(OverdueWorkerTest, ARunThatIsNotBegunIsNotOverdue) {
  /// Somebody asks the worker to step down in the moment of the grant.
  class SteppedDown final : public Lock {
   public:
    explicit SteppedDown(Lock& lock) : lock_(lock) {}
    std::function<void()> at_grant;

   private:
    Lease do_lock(const Context& context) override {
      const Lease lease = lock_.lock(context);
      at_grant();
      return lease;
    }
    void do_unlock(const Context& context) override { lock_.unlock(context); }
    void do_unlock(const Lease& lease, const Context& context) override {
      lock_.unlock(lease, context);
    }
    [[nodiscard]] std::string do_owner() const override { return lock_.owner(); }

    Lock& lock_;
  };
  const Lease in_front = other_.lock();
  SteppedDown lock(lock_);
  LockedWorker worker(lock, logged({.overdue_after = 500ms}), noting(AfterRun::again));
  lock.at_grant = [&] {
    worker.step_down(1h);
    zk_.stall(client_);  // giving the lock back takes longer
  };
  zk_.settle();
  other_.unlock(in_front);
  zk_.advance(3s);
  EXPECT_THAT(begun_, SizeIs(0));
  EXPECT_FALSE(lines_->has("has not returned"));
  zk_.restore(client_);
}

TEST_F(OverdueWorkerTest, ARunThatReturnsInTimeIsNotOverdue) {
  LockedWorker worker(lock_, logged({.overdue_after = 5s}), wait_until_told);
  zk_.settle();
  worker.step_down(1s);
  zk_.advance(10min);
  EXPECT_THAT(lines_->lines(), SizeIs(0));
}

TEST_F(OverdueWorkerDeathTest, WithFailStopTheProcessEndsBeforeTheLeaseOfARunThatDoesNotReturn) {
  EXPECT_EXIT(
      {
        Gate never;
        LockedWorker worker(lock_, {.margin = 2s, .when_overdue = WhenOverdue::fail_stop},
                            [&](const Lease&, const std::stop_token&) { never.wait(); });
        zk_.settle();
        zk_.stall(client_);
        alarm(10);
        zk_.advance(9'899ms - 1s);
        zk_.advance(10min);
      },
      ExitedWithCode(76), "is within 1000 ms of its end");
}

TEST_F(OverdueWorkerTest, WithFailStopARunThatReturnsInTimeEndsNothing) {
  LockedWorker worker(lock_, {.margin = 2s, .when_overdue = WhenOverdue::fail_stop},
                      wait_until_told);
  zk_.settle();
  zk_.stall(client_);
  zk_.advance(1min);
  zk_.restore(client_);
  zk_.advance(1min);
  EXPECT_TRUE(worker.is_leading());
}

}  // namespace
}  // namespace zklock
