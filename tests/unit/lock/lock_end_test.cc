// The end of locks: destroyed with grants, without servers, with callbacks that take long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/callback_executor.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "support/recording_observer.h"

namespace zklock {
namespace {

using namespace std::chrono_literals;
using ::testing::SizeIs;
using zklock::testing::FakeZooKeeper;

/// Keeps the callbacks until the test runs them.
class KeepingExecutor : public CallbackExecutor {
 public:
  void execute(std::function<void()> callback) override {
    const std::lock_guard lock(mutex_);
    kept_.push_back(std::move(callback));
  }
  [[nodiscard]] std::vector<std::function<void()>> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(kept_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<std::function<void()>> kept_;
};

/// Takes a callback, and says that it has not.
class LyingExecutor final : public KeepingExecutor {
 public:
  void execute(std::function<void()> callback) override {
    KeepingExecutor::execute(std::move(callback));
    throw std::runtime_error("full");
  }
};

class LockEndTest : public ::testing::Test {
 protected:
  LockEndTest() { zookeeper_.create("/locks"); }

  [[nodiscard]] std::unique_ptr<ZooKeeperLock> make_lock(
      const std::string& path, std::shared_ptr<CallbackExecutor> executor = nullptr) {
    return std::make_unique<ZooKeeperLock>(
        ZooKeeperLockConfig{.path = "/locks" + path,
                            .observer = observer_,
                            .client = {.callback_executor = std::move(executor)}},
        client_);
  }
  [[nodiscard]] std::size_t losses() const { return observer_->count("lost"); }

  FakeZooKeeper zookeeper_;
  FakeZooKeeper::Client client_ = zookeeper_.connect();
  const std::shared_ptr<test::RecordingObserver> observer_ =
      std::make_shared<test::RecordingObserver>();
};

TEST_F(LockEndTest, CallbacksHaveRunWhenTheDestructorReturns) {
  auto lock = make_lock("");
  const Lease lease = lock->lock();
  bool is_called = false;
  const std::stop_callback callback(lease.lost(), [&] { is_called = true; });
  lock.reset();
  EXPECT_TRUE(is_called);
  EXPECT_EQ(losses(), 1U);
  EXPECT_EQ(lease.loss_reason(), LossReason::client_closed);
}

TEST_F(LockEndTest, AnExecutorOfTheApplicationsRunsTheCallbacks) {
  const auto executor = std::make_shared<KeepingExecutor>();
  auto lock = make_lock("", executor);
  const Lease lease = lock->lock();
  lock.reset();
  EXPECT_FALSE(lease.valid());
  EXPECT_FALSE(lease.lost().stop_requested()) << "the executor has not run it yet";
  const auto kept = executor->take();
  ASSERT_THAT(kept, SizeIs(2)) << "the removal of the claim is reported, and the loss";
  kept[0]();
  EXPECT_EQ(observer_->order(),
            (std::vector<std::string>{"granted", "removal_pending", "removed"}));
  EXPECT_FALSE(lease.lost().stop_requested());
  kept[1]();
  EXPECT_TRUE(lease.lost().stop_requested());
  EXPECT_EQ(losses(), 1U);
}

TEST_F(LockEndTest, ACallbackThatAnExecutorRefusesRunsOnce) {
  const auto executor = std::make_shared<LyingExecutor>();
  auto lock = make_lock("", executor);
  const Lease lease = lock->lock();
  lock.reset();
  zookeeper_.settle();
  for (const auto& callback : executor->take()) callback();
  EXPECT_TRUE(lease.lost().stop_requested());
  EXPECT_EQ(losses(), 1U);
}

TEST_F(LockEndTest, ManyLocksWithoutAServerTakeAboutASecondInAll) {
  std::vector<std::unique_ptr<ZooKeeperLock>> locks;
  for (int i = 0; i < 35; ++i) {
    locks.push_back(make_lock("/" + std::to_string(i)));
    locks.back()->lock();
  }
  zookeeper_.stall(client_);
  auto destroyed = zookeeper_.in_background([&] {
    locks.clear();
    return true;
  });
  zookeeper_.advance(1'500ms);
  EXPECT_EQ(destroyed.wait_for(0s), std::future_status::ready);
}

TEST_F(LockEndTest, WithoutAConnectionNothingIsWaitedFor) {
  auto lock = make_lock("");
  lock->lock();
  zookeeper_.cut(client_);
  zookeeper_.break_connection(client_);
  zookeeper_.settle();
  auto destroyed = zookeeper_.in_background([&] {
    lock.reset();
    return true;
  });
  zookeeper_.settle();
  EXPECT_EQ(destroyed.wait_for(0s), std::future_status::ready);
}

}  // namespace
}  // namespace zklock
