// The lock in real time: that waits end when they should. Runs alone.
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <future>
#include <memory>
#include <stop_token>

#include "client/pending_answer.h"
#include "support/error_of.h"
#include "support/tiny_zookeeper.h"

namespace zklock {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using ::testing::Return;

class LockTimingTest : public ::testing::Test {
 protected:
  static constexpr auto kBound = 100ms;
  static constexpr const char* kFirst = "/locks/lock-0000000001";

  LockTimingTest() { zk_->make("/locks"); }

  [[nodiscard]] static ZooKeeperLockConfig config(std::chrono::milliseconds ttl = 0ms) {
    return {.path = "/locks", .ttl = ttl};
  }

  const std::shared_ptr<zklock::testing::TinyZooKeeper> zk_ =
      std::make_shared<zklock::testing::TinyZooKeeper>();
};

TEST_F(LockTimingTest, AWaitEndsAtItsDeadline) {
  zk_->claim(kFirst);
  ZooKeeperLock lock(config(), zk_);
  const auto deadline = steady_clock::now() + 150ms;
  std::error_code error;
  lock.lock(Context().with_deadline(deadline), error);
  const auto end = steady_clock::now();
  EXPECT_EQ(error, Errc::locking_timed_out);
  EXPECT_GE(end, deadline);
  EXPECT_LT(end, deadline + kBound);
}

TEST_F(LockTimingTest, AWaitForServersThatDoNotAnswerEndsAtItsDeadline) {
  EXPECT_CALL(*zk_, create_protected_ephemeral_sequential)
      .WillRepeatedly(Return(ZooKeeperErrc::connection_loss));
  ZooKeeperLock lock(config(), zk_);
  const auto deadline = steady_clock::now() + 150ms;
  EXPECT_EQ(test::error_of([&] { static_cast<void>(lock.try_lock_until(deadline)); }).code(),
            Errc::no_server_answered);
  const auto end = steady_clock::now();
  EXPECT_GE(end, deadline);
  EXPECT_LT(end, deadline + kBound);
}

TEST_F(LockTimingTest, AWaitEndsWhenItIsCancelled) {
  zk_->claim(kFirst);
  ZooKeeperLock lock(config(), zk_);
  std::stop_source stop;
  auto ended = std::async(std::launch::async, [&] {
    std::error_code error;
    lock.lock(Context().with_stop_token(stop.get_token()), error);
    EXPECT_EQ(error, Errc::locking_canceled);
    return steady_clock::now();
  });
  ASSERT_TRUE(zk_->await_watched(kFirst));
  const auto canceled = steady_clock::now();
  stop.request_stop();
  EXPECT_LT(ended.get(), canceled + kBound);
}

TEST_F(LockTimingTest, AWaitEndsWithTheReleaseThatItWaitedFor) {
  zk_->claim(kFirst);
  ZooKeeperLock lock(config(), zk_);
  auto granted = std::async(std::launch::async, [&] {
    lock.lock();
    return steady_clock::now();
  });
  ASSERT_TRUE(zk_->await_watched(kFirst));
  const auto released = steady_clock::now();
  zk_->erase(kFirst);
  EXPECT_LT(granted.get(), released + kBound);
}

TEST_F(LockTimingTest, ALeaseEndsAtItsTtlAndReportsIt) {
  ZooKeeperLock lock(config(100ms), zk_);
  const auto begun = steady_clock::now();
  const Lease lease = lock.lock();
  std::promise<steady_clock::time_point> told;
  const std::stop_callback callback(lease.lost(), [&] { told.set_value(steady_clock::now()); });
  const auto end = told.get_future().get();
  EXPECT_FALSE(lease.valid());
  EXPECT_GE(end, begun + 100ms);
  EXPECT_LT(end, begun + 100ms + kBound);
}

TEST_F(LockTimingTest, ALeaseThatIsRenewedLivesOn) {
  ZooKeeperLock lock(config(200ms), zk_);
  const Lease lease = lock.lock();
  std::promise<void> told;
  const std::stop_callback callback(lease.lost(), [&] { told.set_value(); });
  const std::future<void> lost = told.get_future();
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(lost.wait_for(50ms), std::future_status::timeout);
    lease.renew();
  }
  EXPECT_TRUE(lease.valid());
}

TEST_F(LockTimingTest, AHolderPastItsTtlIsPurgedInTime) {
  ZooKeeperLock holder(config(100ms), zk_);
  ZooKeeperLock lock(config(100ms), zk_);
  const auto begun = steady_clock::now();
  const Lease lost = holder.lock();
  const Lease lease = lock.lock(Context().with_timeout(5s));
  const auto end = steady_clock::now();
  EXPECT_TRUE(lease.valid());
  EXPECT_FALSE(lost.valid());
  EXPECT_GE(end, begun + 100ms);
  EXPECT_LT(end, begun + 100ms + kBound);
}

TEST_F(LockTimingTest, TheDestructorDoesNotBlockForLongerThanASecond) {
  auto lock = std::make_unique<ZooKeeperLock>(config(), zk_);
  lock->lock();
  EXPECT_CALL(*zk_, remove)
      .WillRepeatedly([](const std::string&, std::int32_t, const Context& context) -> Result<void> {
        return internal::PendingAnswer<void>().wait(context);  // for an answer that does not come
      });
  const auto begun = steady_clock::now();
  lock.reset();
  EXPECT_LT(steady_clock::now() - begun, 1s);
}

}  // namespace
}  // namespace zklock
