// run_once: one run of work under a lock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/locked_worker.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <stdexcept>
#include <stop_token>

#include "support/error_of.h"
#include "worker_fixture.h"

namespace zklock {
namespace {

using namespace std::chrono_literals;
using ::testing::SizeIs;
using zklock::test::error_of;
using zklock::testing::wait_until_told;

class RunOnceTest : public zklock::testing::WorkerFixture {};

TEST_F(RunOnceTest, RunsTheWorkAndReturnsWhatItSays) {
  const AfterRun after = run_once(lock_, {}, [&](const Lease& lease, const std::stop_token&) {
    EXPECT_TRUE(lease.valid());
    return AfterRun::pause;
  });
  EXPECT_EQ(after, AfterRun::pause);
  EXPECT_EQ(claims(), 0U);
}

TEST_F(RunOnceTest, ThrowsWhatTheWorkThrowsAfterGivingTheLockBack) {
  const auto work = [](const Lease&, const std::stop_token&) {
    throw std::runtime_error("no disk");
  };
  EXPECT_THROW(run_once(lock_, {}, work), std::runtime_error);
  EXPECT_EQ(claims(), 0U);
}

TEST_F(RunOnceTest, ThrowsTheErrorsOfLockingAndOfItsOptions) {
  const auto work = noting(AfterRun::again);
  {
    const LockGuard guard(other_);
    EXPECT_EQ(error_of([&] { run_once(lock_, {}, work, Context().with_timeout(1s)); }).code(),
              Errc::locking_timed_out);
  }
  EXPECT_EQ(error_of([&] { run_once(lock_, {.margin = 3s}, work); }).code(), Errc::invalid_config);
  EXPECT_EQ(error_of([&] { run_once(lock_, {}, LockedWork()); }).code(), Errc::invalid_config);
  EXPECT_THAT(begun_, SizeIs(0));
  EXPECT_EQ(claims(), 0U);
}

TEST_F(RunOnceTest, KeepsTheLockForItsLeastTime) {
  const auto begin = internal::Platform::current().steady_now();
  run_once(lock_, {.min_hold = 30s}, noting(AfterRun::again));
  EXPECT_EQ(internal::Platform::current().steady_now() - begin, 30s);
}

TEST_F(RunOnceTest, TellsTheWorkOfTheEndOfItsContext) {
  std::stop_source stop;
  auto run = zk_.in_background([&] {
    return run_once(lock_, {}, wait_until_told, Context().with_stop_token(stop.get_token()));
  });
  zk_.settle();
  EXPECT_EQ(claims(), 1U);
  stop.request_stop();
  EXPECT_EQ(run.get(), AfterRun::again);
  EXPECT_EQ(claims(), 0U);
}

}  // namespace
}  // namespace zklock
