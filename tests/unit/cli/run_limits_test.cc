#include "cli/run_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <optional>
#include <stdexcept>

namespace zklock::cli {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

/// A lease of a lock with this session and TTL.
class RunLimitsTest : public ::testing::Test {
 protected:
  RunLimits limits(milliseconds session_timeout, std::optional<std::chrono::nanoseconds> asked = {},
                   milliseconds ttl = 0ms) {
    ZooKeeperLock lock({.path = "/l", .ttl = ttl},
                       zk_.connect({.session_timeout = session_timeout}));
    const Lease lease = lock.lock();
    return RunMargins(asked, lease, ttl).limits_of(lease);
  }

  testing::FakeZooKeeper zk_;
};

TEST_F(RunLimitsTest, TermComesFiveSecondsBeforeTheEndOfALeaseOfThirty) {
  const RunLimits limits = this->limits(30s);
  EXPECT_EQ(limits.term_before, 5s);
  EXPECT_EQ(limits.kill_before, 500ms);
  EXPECT_GT(limits.lease_end, boot_now());
}

TEST_F(RunLimitsTest, AShorterSessionLeavesRoomForSlowAnswers) {
  EXPECT_EQ(limits(6s).term_before, 1s);
}

TEST_F(RunLimitsTest, KillHasATwentiethOfAShorterSessionToTakeEffect) {
  EXPECT_NEAR(static_cast<double>(limits(6s).kill_before.count()), 300e6, 1e6);
  EXPECT_NEAR(static_cast<double>(limits(4s).kill_before.count()), 200e6, 1e6);
}

TEST_F(RunLimitsTest, WhatWasAskedForIsTakenIfALeaseInGoodOrderStaysAboveIt) {
  EXPECT_EQ(limits(30s, 7'499ms).term_before, 7'499ms);
  EXPECT_EQ(limits(30s, 1ns).term_before, 1ms);
  EXPECT_THROW(static_cast<void>(limits(30s, 7'500ms)), std::invalid_argument);
}

TEST_F(RunLimitsTest, ATtlThatIsRenewedAtAThirdLeavesAThird) {
  EXPECT_EQ(limits(30s, 1s, 3s).term_before, 1s);
  EXPECT_THROW(static_cast<void>(limits(30s, 1'001ms, 3s)), std::invalid_argument);
  EXPECT_LT(limits(30s, std::nullopt, 3s).term_before, 1s);
}

}  // namespace
}  // namespace zklock::cli
