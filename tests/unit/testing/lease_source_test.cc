#include <gtest/gtest.h>
#include <zklock/testing/lease_source.h>

#include <future>

#include "support/virtual_clock.h"

namespace zklock::testing {
namespace {

using namespace std::chrono_literals;

class LeaseSourceTest : public ::testing::Test {
 protected:
  VirtualClock time_;
  LeaseSource source_;
};

TEST_F(LeaseSourceTest, GrantsLeasesThatAreValidWithTokensThatGrow) {
  const Lease first = source_.grant();
  const Lease second = source_.grant();
  EXPECT_TRUE(first.valid());
  EXPECT_TRUE(second.valid());
  EXPECT_GT(second.fencing_token(), first.fencing_token());
  EXPECT_FALSE(first == second);
  EXPECT_EQ(first, Lease(first));
}

TEST_F(LeaseSourceTest, GrantsTheRequestedLease) {
  const Lease lease = source_.grant({.owner = "user1", .znode = "/a/b-1", .fencing_token = 77});
  EXPECT_EQ(lease.owner(), "user1");
  EXPECT_EQ(lease.znode(), "/a/b-1");
  EXPECT_EQ(lease.fencing_token(), 77);
  EXPECT_EQ(lease.valid_until(), std::chrono::steady_clock::time_point::max());
}

TEST_F(LeaseSourceTest, LoseReportsTheLossBeforeItReturns) {
  const Lease lease = source_.grant();
  bool told = false;
  const std::stop_callback callback(lease.lost(), [&] { told = !lease.valid(); });
  LeaseSource::lose(lease, LossReason::cut_off);
  EXPECT_TRUE(told);
  EXPECT_FALSE(lease.valid());
  EXPECT_EQ(lease.loss_reason(), LossReason::cut_off);
}

TEST_F(LeaseSourceTest, ReleaseReportsNoLoss) {
  const Lease lease = source_.grant();
  LeaseSource::release(lease);
  EXPECT_FALSE(lease.valid());
  EXPECT_FALSE(lease.lost().stop_requested());
  LeaseSource::lose(lease);
  EXPECT_FALSE(lease.loss_reason());
}

TEST_F(LeaseSourceTest, EmptyLeasesAreLeftAlone) {
  EXPECT_NO_THROW(LeaseSource::lose(Lease()));
  EXPECT_NO_THROW(LeaseSource::release(Lease()));
}

TEST_F(LeaseSourceTest, ALeaseWithATtlEndsUnlessItIsRenewed) {
  const Lease lease = source_.grant({.ttl = 10s});
  time_.advance(9s);
  lease.renew();
  time_.advance(9s);
  EXPECT_TRUE(lease.valid());
  std::promise<void> told;
  const std::stop_callback callback(lease.lost(), [&] { told.set_value(); });
  time_.advance(1s);
  told.get_future().wait();
  EXPECT_EQ(lease.loss_reason(), LossReason::ttl_over);
}

TEST_F(LeaseSourceTest, SetRemainingTellsThoseWhoseMarginIsNotSmaller) {
  const Lease lease = source_.grant();
  EXPECT_EQ(lease.remaining(), std::chrono::nanoseconds::max());
  const std::stop_token early = lease.ending(2s);
  const std::stop_token late = lease.ending(1s);
  LeaseSource::set_remaining(lease, 2s);
  EXPECT_TRUE(early.stop_requested());
  EXPECT_FALSE(late.stop_requested());
  EXPECT_EQ(lease.remaining(), 2s);
  EXPECT_NO_THROW(lease.require(3s));
  EXPECT_EQ(lease.remaining(), std::chrono::nanoseconds::max());
  LeaseSource::set_remaining(lease, 0s);
  EXPECT_TRUE(late.stop_requested());
  EXPECT_EQ(lease.loss_reason(), LossReason::ttl_over);
  EXPECT_NO_THROW(LeaseSource::set_remaining(Lease(), 1s));
}

TEST_F(LeaseSourceTest, RenewAndVerifyWorkUntilItIsOver) {
  const Lease lease = source_.grant();
  EXPECT_NO_THROW(lease.renew());
  EXPECT_NO_THROW(lease.verify());
  LeaseSource::lose(lease);
  EXPECT_THROW(lease.renew(), LockError);
  std::error_code error;
  lease.verify({}, error);
  EXPECT_EQ(error, Errc::lock_lost);
}

}  // namespace
}  // namespace zklock::testing
