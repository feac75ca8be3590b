// FailStop, in virtual time. What ends the process runs in a process of its own.
#include <gtest/gtest.h>
#include <unistd.h>
#include <zklock/fail_stop.h>
#include <zklock/testing/lease_source.h>

#include <chrono>
#include <optional>

#include "support/error_of.h"
#include "support/virtual_clock.h"

namespace zklock {
namespace {

using namespace std::chrono_literals;
using ::testing::ExitedWithCode;
using zklock::test::error_of;
using zklock::testing::LeaseSource;
using zklock::testing::VirtualClock;

/// The end comes on a thread of its own. This one waits for it, for real.
[[noreturn]] void await_the_end() {
  alarm(10);  // which is another end
  for (;;) pause();
}

class FailStopTest : public ::testing::Test {
 protected:
  FailStopTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

  VirtualClock time_;
  LeaseSource source_;
};
using FailStopDeathTest = FailStopTest;

TEST_F(FailStopDeathTest, EndsTheProcessByItsMarginBeforeTheEnd) {
  EXPECT_EXIT(
      {
        const Lease lease = source_.grant({.znode = "/a/lock-1", .ttl = 10s});
        const FailStop fail_stop(lease, 500ms);
        time_.advance(9'500ms - 1ns);
        if (!lease.valid()) _exit(1);
        time_.advance(1ns);
        await_the_end();
      },
      ExitedWithCode(FailStop::kExitStatus), "/a/lock-1 is within 500 ms of its end");
}

TEST_F(FailStopDeathTest, EndsTheProcessWhenTheLeaseIsLost) {
  EXPECT_EXIT(
      {
        const Lease lease = source_.grant({.znode = "/a/lock-1"});
        const FailStop fail_stop(lease, 500ms);
        LeaseSource::lose(lease, LossReason::claim_deleted);
        await_the_end();
      },
      ExitedWithCode(FailStop::kExitStatus), "/a/lock-1 is lost: the claim was deleted");
}

TEST_F(FailStopDeathTest, EndsTheProcessWhenTheEndMovesNearer) {
  EXPECT_EXIT(
      {
        const Lease lease = source_.grant({.ttl = 1h});
        const FailStop fail_stop(lease, 500ms);
        time_.settle();
        LeaseSource::set_remaining(lease, 400ms);
        await_the_end();
      },
      ExitedWithCode(FailStop::kExitStatus), "within 500 ms");
}

TEST_F(FailStopDeathTest, NoticesThatATtlWentOnWhileTheMachineWasSuspended) {
  EXPECT_EXIT(
      {
        const Lease lease = source_.grant({.ttl = 10s});
        const FailStop fail_stop(lease, 500ms);
        time_.settle();
        time_.suspend(9'700ms);
        time_.advance(1s);
        _exit(1);
      },
      ExitedWithCode(FailStop::kExitStatus), "");
}

TEST_F(FailStopTest, DoesNothingWhileTheLeaseIsRenewed) {
  const Lease lease = source_.grant({.ttl = 10s});
  const FailStop fail_stop(lease, 500ms);
  for (int i = 0; i < 10; ++i) {
    time_.advance(9s);
    lease.renew();
  }
  EXPECT_TRUE(lease.valid());
}

TEST_F(FailStopTest, DoesNothingOnceTheLeaseIsReleased) {
  const Lease lease = source_.grant({.ttl = 10s});
  const FailStop fail_stop(lease, 500ms);
  time_.settle();
  LeaseSource::release(lease);
  time_.advance(1h);
  LeaseSource::lose(lease);
}

TEST_F(FailStopTest, DoesNothingOnceItIsDestroyed) {
  const Lease lease = source_.grant({.ttl = 10s});
  std::optional<FailStop> fail_stop;
  fail_stop.emplace(lease, 500ms);
  time_.advance(9s);
  fail_stop.reset();
  time_.advance(1h);
  EXPECT_FALSE(lease.valid());
}

TEST_F(FailStopTest, RefusesWhatItCannotDo) {
  const Lease lease = source_.grant({.ttl = 10s});
  EXPECT_EQ(error_of([&] { FailStop(lease, 10s); }).code(), Errc::invalid_config);
  EXPECT_EQ(error_of([&] { FailStop(lease, -1ms); }).code(), Errc::invalid_config);
  EXPECT_EQ(error_of([&] { FailStop(Lease(), 1s); }).code(), Errc::lock_lost);
  time_.refuse_threads();
  EXPECT_EQ(error_of([&] { FailStop(lease, 1s); }).code(), Errc::locking_failed);
  time_.allow_threads();
  LeaseSource::lose(lease);
  EXPECT_EQ(error_of([&] { FailStop(lease, 1s); }).code(), Errc::lock_lost);
}

}  // namespace
}  // namespace zklock
