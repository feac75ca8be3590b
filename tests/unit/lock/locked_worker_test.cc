// LockedWorker: its runs, how they end, and calls from the work itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/locked_worker.h>
#include <zklock/zookeeper_lock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "support/error_of.h"
#include "support/virtual_clock.h"
#include "worker_fixture.h"

namespace zklock {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using zklock::test::error_of;
using zklock::testing::Gate;
using zklock::testing::wait_until_told;

class LockedWorkerTest : public zklock::testing::WorkerFixture {};

// --- runs ---------------------------------------------------------------------------------------

TEST_F(LockedWorkerTest, RunsTheWorkUnderALockOfItsOwnEachTime) {
  std::vector<std::int64_t> tokens;
  LockedWorker worker(lock_, {}, [&](const Lease& lease, const std::stop_token&) {
    EXPECT_TRUE(lease.valid());
    EXPECT_EQ(claims(), 1U);
    tokens.push_back(lease.fencing_token());
    return tokens.size() < 3 ? AfterRun::again : AfterRun::stop;
  });
  worker.wait();
  EXPECT_THAT(tokens, SizeIs(3));
  EXPECT_TRUE(std::is_sorted(tokens.begin(), tokens.end()));
  EXPECT_EQ(claims(), 0U);
  EXPECT_FALSE(worker.is_leading());
  EXPECT_TRUE(worker.is_healthy());
  EXPECT_NO_THROW(worker.stop());
}

TEST_F(LockedWorkerTest, WorkWithoutAResultIsRunAgain) {
  std::atomic<int> runs = 0;
  LockedWorker worker(lock_, {}, [&](const Lease& lease, std::stop_token stop) {
    if (++runs == 3) wait_until_told(lease, std::move(stop));
  });
  zk_.settle();
  EXPECT_EQ(runs, 3);
}

TEST_F(LockedWorkerTest, TwoWorkersTakeTurnsAndNeverRunTogether) {
  std::atomic<int> running = 0;
  std::vector<int> turns;
  Gate gate;
  const auto take_turn = [&](int worker) {
    EXPECT_EQ(++running, 1);
    zk_.settle();  // the other one queues again
    --running;
    turns.push_back(worker);
    return turns.size() < 5 ? AfterRun::again : AfterRun::stop;
  };
  LockedWorker first(lock_, {}, [&](const Lease&, const std::stop_token&) {
    gate.wait();
    return take_turn(1);
  });
  zk_.settle();
  LockedWorker second(other_, {},
                      [&](const Lease&, const std::stop_token&) { return take_turn(2); });
  zk_.settle();
  gate.open();
  first.wait();
  second.wait();
  EXPECT_THAT(turns, ElementsAre(1, 2, 1, 2, 1, 2));
}

TEST_F(LockedWorkerTest, RunsThatSayPauseAreRepeatedAfterGrowingPauses) {
  LockedWorker worker(lock_, {.first_pause = 1s, .longest_pause = 8s}, noting(AfterRun::pause));
  zk_.advance(1min);
  worker.stop();
  expect_growing_pauses(1s, 8s);
}

TEST_F(LockedWorkerTest, WorkThatThrowsIsLoggedAndPauses) {
  LockedWorker worker(lock_, logged({.first_pause = 1s, .longest_pause = 8s}),
                      [&](const Lease& lease, std::stop_token stop) {
                        noting(AfterRun::again)(lease, std::move(stop));
                        throw std::runtime_error("no disk");
                      });
  zk_.advance(1min);
  EXPECT_EQ(claims(), 0U);
  worker.stop();
  expect_growing_pauses(1s, 8s);
  EXPECT_TRUE(lines_->has("the worker of /locks queues again in"));
  EXPECT_TRUE(lines_->has("the work threw: no disk"));
  EXPECT_TRUE(worker.is_healthy());
}

TEST_F(LockedWorkerTest, ARunThatSaysAgainResetsThePauses) {
  int runs = 0;
  LockedWorker worker(lock_, {.first_pause = 1s, .longest_pause = 1min},
                      [&](const Lease& lease, std::stop_token stop) {
                        return noting(++runs == 4 ? AfterRun::again : AfterRun::pause)(lease, stop);
                      });
  zk_.advance(12s);
  worker.stop();
  ASSERT_GE(begun_.size(), 6U);
  EXPECT_EQ(pauses()[3], 0s);
  EXPECT_LE(pauses()[4], 1s);
}

TEST_F(LockedWorkerTest, CallsOfLockThatFailAreLoggedAndRepeatedAfterGrowingPauses) {
  class FailingLock final : public Lock {
   public:
    std::vector<internal::SteadyTime> calls{};

   private:
    Lease do_lock(const Context&) override {
      calls.push_back(internal::Platform::current().steady_now());
      throw LockError(Errc::locking_failed, "no such host");
    }
    void do_unlock(const Context&) override {}
    void do_unlock(const Lease&, const Context&) override {}
    [[nodiscard]] std::string do_owner() const override { return {}; }
  };
  FailingLock failing;
  LockedWorker worker(failing, logged({.first_pause = 1s, .longest_pause = 8s}),
                      noting(AfterRun::again));
  zk_.advance(1min);
  worker.stop();
  begun_ = failing.calls;
  expect_growing_pauses(1s, 8s);
  EXPECT_TRUE(lines_->has("no such host"));
  EXPECT_TRUE(worker.is_healthy());
}

// --- the end of a run ---------------------------------------------------------------------------

TEST_F(LockedWorkerTest, TheWorkIsToldByTheMarginBeforeTheLeaseEnds) {
  std::optional<Lease> lease;
  std::optional<std::stop_token> told;
  LockedWorker worker(lock_, {.margin = 2s}, [&](const Lease& its, std::stop_token stop) {
    lease = its;
    told = stop;
    return wait_until_told(its, std::move(stop));
  });
  zk_.advance(10min);
  EXPECT_FALSE(told->stop_requested());
  zk_.stall(client_);
  const std::stop_token first = *told;
  zk_.advance(lease->remaining() - 2s - 1ms);
  EXPECT_FALSE(first.stop_requested());
  EXPECT_TRUE(worker.is_leading());
  zk_.advance(1ms);
  EXPECT_TRUE(first.stop_requested());
  zk_.restore(client_);
}

TEST_F(LockedWorkerTest, TheWorkIsToldOfALossAndRunsAgainUnderAnotherGrant) {
  std::vector<std::string> claims;
  LockedWorker worker(lock_, {}, [&](const Lease& lease, std::stop_token stop) {
    claims.push_back(lease.znode());
    return wait_until_told(lease, std::move(stop));
  });
  zk_.advance(1s);
  zk_.remove(claims.front());
  zk_.advance(1s);
  EXPECT_THAT(claims, SizeIs(2));
  EXPECT_TRUE(worker.is_leading());
}

TEST_F(LockedWorkerTest, ARunWhoseLeaseIsSuspendedIsStoppedUnlessItIsToGoOn) {
  ZooKeeperLock lock({.path = "/suspending", .when_uncertain = WhenUncertain::suspend}, client_);
  for (const WhenSuspended choice : {WhenSuspended::stop, WhenSuspended::go_on}) {
    Lease lease;
    std::stop_token told;
    LockedWorker worker(lock, logged({.when_suspended = choice}),
                        [&](const Lease& its_lease, const std::stop_token& stop) {
                          lease = its_lease;
                          told = stop;
                          return wait_until_told(its_lease, stop);
                        });
    zk_.advance(1min);
    ASSERT_TRUE(lease.valid());
    const Lease first = lease;
    const std::stop_token first_told = told;
    zk_.cut(client_);
    zk_.advance(first.remaining() + 1ms);
    EXPECT_EQ(first_told.stop_requested(), choice == WhenSuspended::stop);
    EXPECT_FALSE(worker.is_leading());
    zk_.restore(client_);
    zk_.advance(5s);
    EXPECT_EQ(first.valid(), choice == WhenSuspended::go_on) << "else it has been given back";
    EXPECT_TRUE(worker.is_leading());
    zk_.remove(lease.znode());
    zk_.settle();
    EXPECT_TRUE(told.stop_requested() || lease.valid()) << "a loss stops it in any case";
    worker.stop();
  }
}

TEST_F(LockedWorkerTest, TheLockIsGivenBackOnlyAfterTheWorkHasReturned) {
  Gate gate;
  std::atomic<bool> is_told = false;
  LockedWorker worker(lock_, {}, [&](const Lease&, const std::stop_token& stop) {
    gate.wait();
    is_told = stop.stop_requested();
    return AfterRun::again;
  });
  zk_.settle();
  const LockError error = error_of([&] { worker.stop(Context().with_timeout(1s)); });
  EXPECT_EQ(error.code(), Errc::work_still_running);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::operation_timeout);
  EXPECT_EQ(claims(), 1U);
  EXPECT_TRUE(worker.is_leading());
  gate.open();
  worker.stop();
  EXPECT_TRUE(is_told);
  EXPECT_EQ(claims(), 0U);
  EXPECT_FALSE(worker.is_leading());
}

TEST_F(LockedWorkerTest, GivingTheLockBackIsHealthyHoweverLongItTakes) {
  LockedWorker worker(lock_, {}, wait_until_told);
  zk_.settle();
  zk_.stall(client_);
  worker.step_down(1min);
  zk_.settle();
  EXPECT_TRUE(worker.is_healthy());
  EXPECT_FALSE(worker.is_leading());
  zk_.restore(client_);
}

TEST_F(LockedWorkerTest, StopEndsTheWaitForTheLock) {
  const Lease lease = other_.lock();
  LockedWorker worker(lock_, logged(), noting(AfterRun::again));
  zk_.settle();
  EXPECT_EQ(claims(), 2U);
  worker.stop(Context().with_timeout(1s));
  EXPECT_EQ(claims(), 1U);
  EXPECT_THAT(begun_, SizeIs(0));
  EXPECT_THAT(lines_->lines(), SizeIs(0)) << "that is no failure";
}

TEST_F(LockedWorkerTest, SteppingDownGivesTheLockToOthersForThePause) {
  std::atomic<int> runs = 0;
  LockedWorker worker(lock_, {}, [&](const Lease& lease, std::stop_token stop) {
    ++runs;
    return wait_until_told(lease, std::move(stop));
  });
  zk_.settle();
  worker.step_down(1min);
  zk_.settle();
  EXPECT_FALSE(worker.is_leading());
  EXPECT_EQ(claims(), 0U);
  EXPECT_TRUE(other_.try_lock());
  other_.unlock();
  zk_.advance(1min - 1ms);
  EXPECT_EQ(runs, 1);
  zk_.advance(1ms);
  EXPECT_EQ(runs, 2);
  EXPECT_TRUE(worker.is_leading());
}

TEST_F(LockedWorkerTest, SteppingDownEndsTheWaitForTheLockToo) {
  const Lease lease = other_.lock();
  LockedWorker worker(lock_, logged(), noting(AfterRun::again));
  zk_.settle();
  worker.step_down(1min);
  zk_.settle();
  EXPECT_EQ(claims(), 1U);
  zk_.advance(1min);
  EXPECT_EQ(claims(), 2U);
  EXPECT_THAT(lines_->lines(), SizeIs(0));
}

TEST_F(LockedWorkerTest, TheLockIsKeptForItsLeastTime) {
  LockedWorker worker(lock_, {.min_hold = 30s}, noting(AfterRun::stop));
  zk_.advance(30s - 1ms);
  EXPECT_THAT(begun_, SizeIs(1));
  EXPECT_EQ(claims(), 1U);
  EXPECT_TRUE(worker.is_leading());
  zk_.advance(1ms);
  EXPECT_EQ(claims(), 0U);
}

TEST_F(LockedWorkerTest, StopStepDownAndALossEndTheLeastTime) {
  LockedWorker worker(lock_, {.min_hold = 1h}, noting(AfterRun::again));
  zk_.advance(1s);
  zk_.remove(zk_.children("/locks").front());
  zk_.advance(1s);
  EXPECT_THAT(begun_, SizeIs(2)) << "after a loss";
  worker.step_down(1s);
  zk_.advance(1s);
  EXPECT_THAT(begun_, SizeIs(3)) << "after stepping down";
  worker.stop(Context().with_timeout(1s));
  EXPECT_EQ(claims(), 0U);
}

TEST_F(LockedWorkerTest, AMarginThatDoesNotFitTheSessionEndsItBeforeAnyRun) {
  LockedWorker worker(lock_, logged({.margin = 2'500ms}), noting(AfterRun::again));
  const LockError error = error_of([&] { worker.wait(); });
  EXPECT_EQ(error.code(), Errc::invalid_config);
  EXPECT_THAT(error.what(), HasSubstr("2500 ms must be below a quarter"));
  EXPECT_THAT(begun_, SizeIs(0));
  EXPECT_EQ(claims(), 0U);
  EXPECT_FALSE(worker.is_healthy());
  EXPECT_TRUE(lines_->has("the worker of /locks has failed"));
  EXPECT_EQ(error_of([&] { worker.stop(); }).code(), Errc::invalid_config);
}

TEST_F(LockedWorkerTest, RefusesOptionsThatCannotWork) {
  const auto refused = [&](const LockedWorkerOptions& options, const std::string& name) {
    const LockError error =
        error_of([&] { LockedWorker(lock_, options, noting(AfterRun::again)); });
    EXPECT_EQ(error.code(), Errc::invalid_config);
    EXPECT_THAT(error.what(), HasSubstr(name));
  };
  refused({.margin = -1ms}, "margin");
  refused({.min_hold = -1ms}, "min_hold");
  refused({.first_pause = -1ms}, "first_pause");
  refused({.longest_pause = -1ms}, "longest_pause");
  refused({.overdue_after = -1ms}, "overdue_after");
  refused({.min_hold = std::chrono::milliseconds::max()}, "min_hold");
  refused({.margin = 1ms, .when_suspended = WhenSuspended::go_on}, "margin");
  refused({.margin = 1ms, .when_overdue = WhenOverdue::fail_stop}, "margin");
  refused({.lock_context = Context().with_timeout(1s)}, "lock_context");
  EXPECT_EQ(error_of([&] { LockedWorker(lock_, {}, LockedWork()); }).code(), Errc::invalid_config);
  const std::function<void(const Lease&, std::stop_token)> nothing;
  EXPECT_EQ(error_of([&] { LockedWorker(lock_, {}, nothing); }).code(), Errc::invalid_config);
}

// --- calls from the work itself -----------------------------------------------------------------

TEST_F(LockedWorkerTest, InTheWorkStopAndWaitSayWhatToDoInstead) {
  std::atomic<LockedWorker*> self = nullptr;
  Gate made;
  std::vector<std::string> errors;
  LockedWorker worker(lock_, {}, [&](const Lease&, const std::stop_token& stop) {
    made.wait();
    errors.emplace_back(error_of([&] { self.load()->wait(); }).what());
    EXPECT_FALSE(stop.stop_requested());
    errors.emplace_back(error_of([&] { self.load()->stop(); }).what());
    EXPECT_TRUE(stop.stop_requested());
  });
  self = &worker;
  made.open();
  worker.wait();
  ASSERT_THAT(errors, SizeIs(2));
  for (const std::string& error : errors) {
    EXPECT_THAT(error, HasSubstr("let it return AfterRun::stop"));
  }
}

TEST_F(LockedWorkerTest, MayBeDestroyedInTheWork) {
  auto worker = std::make_shared<std::optional<LockedWorker>>();
  Gate made;
  std::atomic<bool> is_told = false;
  worker->emplace(lock_, LockedWorkerOptions{}, [&](const Lease&, const std::stop_token& stop) {
    made.wait();
    worker->reset();
    is_told = stop.stop_requested();
  });
  made.open();
  zk_.advance(1s);
  EXPECT_TRUE(is_told);
  EXPECT_EQ(claims(), 0U);
}

}  // namespace
}  // namespace zklock
