// A server that throttles refuses requests without having done anything, for a time: nothing may be
// concluded from that, and nothing be left undone.
#include <gmock/gmock.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <system_error>

#include "support/as_claim_client.h"

namespace zklock::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Operation = FakeZooKeeper::Operation;

class ThrottledTest : public ::testing::Test {
 protected:
  ThrottledTest() {
    lock_.unlock(lock_.lock());  // the directory exists
    // Where the client goes next, what was committed is known late.
    zookeeper_.slow_commits(2, 3s);
    zookeeper_.advance(3s);
  }

  FakeZooKeeper zookeeper_{{.servers = 3}};
  const FakeZooKeeper::Client client_ = zookeeper_.connect_to(1);
  ZooKeeperLock lock_{{.path = "/locks"}, client_};
};

TEST_F(ThrottledTest, ARefusedBarrierDoesNotRepeatTheCreate) {
  zookeeper_.lose_next_answer(Operation::create, client_);
  zookeeper_.fail_next(Operation::check, ZooKeeperErrc::throttled);
  const Lease lease = lock_.lock();
  EXPECT_TRUE(lease.valid());
  EXPECT_THAT(zookeeper_.children("/locks"), ElementsAre(lease.znode()));
}

TEST_F(ThrottledTest, ARefusedBarrierKeepsThePendingRemoval) {
  zookeeper_.lose_next_answer(Operation::create, client_);
  zookeeper_.fail_next(Operation::check, ZooKeeperErrc::throttled, 2);
  std::error_code error;
  EXPECT_FALSE(lock_.lock(Context().with_timeout(1ms), error));
  zookeeper_.advance(10s);
  EXPECT_THAT(zookeeper_.children("/locks"), IsEmpty());
  EXPECT_EQ(testing::as_claim_client(client_)->pending_removals().count, 0U);
}

TEST_F(ThrottledTest, AWatchThatWasRefusedIsSetLater) {
  const Lease lease = lock_.lock();
  zookeeper_.fail_next(Operation::get, ZooKeeperErrc::throttled, 3);
  zookeeper_.advance(1s);  // by then the claim is watched
  zookeeper_.remove(lease.znode());
  EXPECT_TRUE(lease.lost().stop_requested());
  EXPECT_EQ(lease.loss_reason(), LossReason::claim_deleted);
}

}  // namespace
}  // namespace zklock::testing
