// Waiting for another holder, without queueing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/testing/mock_zookeeper_client.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "support/error_of.h"

namespace zklock {
namespace {

using namespace std::chrono_literals;
using ::testing::_;
using ::testing::NiceMock;
using ::testing::Return;
using zklock::test::error_of;
using zklock::testing::FakeZooKeeper;
using Operation = FakeZooKeeper::Operation;

class WaitForChangeTest : public ::testing::Test {
 protected:
  /// One call, on a thread of its own. It has done what it can when this returns.
  std::future<LockEntries> wait(const LockEntries& known, const Context& context = {}) {
    auto changed = zookeeper_.in_background(
        [this, known, context] { return watcher_->wait_for_change(known, context); });
    zookeeper_.settle();
    return changed;
  }
  static bool is_done(const std::future<LockEntries>& call) {
    return call.wait_for(0s) == std::future_status::ready;
  }
  /// Lets time pass, as little as is needed.
  bool becomes_done(const std::future<LockEntries>& call) {
    for (int i = 0; i < 300 && !is_done(call); ++i) zookeeper_.advance(100ms);
    return is_done(call);
  }
  /// Of a call that is done.
  static std::optional<LockError> failure_of(std::future<LockEntries> call) {
    try {
      static_cast<void>(call.get());
    } catch (const LockError& error) {
      return error;
    }
    ADD_FAILURE() << "it did not fail";
    return std::nullopt;
  }
  static std::vector<std::string> znodes(const LockEntries& queue) {
    std::vector<std::string> paths;
    for (const LockEntry& entry : queue) paths.push_back(entry.path);
    return paths;
  }
  void expect_holder(std::future<LockEntries> call, const Lease& lease) {
    ASSERT_TRUE(becomes_done(call));
    const LockEntries queue = call.get();
    ASSERT_FALSE(queue.empty());
    EXPECT_EQ(queue.begin()->path, lease.znode());
    EXPECT_EQ(queue.begin()->fencing_token, lease.fencing_token());
  }

  FakeZooKeeper zookeeper_{{.servers = 3}};
  const FakeZooKeeper::Client client_ = zookeeper_.connect();  // of the one that waits
  std::optional<ZooKeeperLock> watcher_{std::in_place, ZooKeeperLockConfig{.path = "/a/locks"},
                                        client_};
  ZooKeeperLock first_{{.path = "/a/locks"}, zookeeper_.connect()};
  ZooKeeperLock second_{{.path = "/a/locks"}, zookeeper_.connect()};
};

TEST_F(WaitForChangeTest, ReturnsAtOnceIfTheHolderIsAnotherOneAlready) {
  first_.unlock(first_.lock());
  const Lease old = first_.lock();
  const LockEntries known = watcher_->entries();
  first_.unlock(old);
  const Lease lease = second_.lock();
  expect_holder(wait(known), lease);
}

TEST_F(WaitForChangeTest, ReturnsAtOnceIfSomebodyHoldsAndNobodyWasKnown) {
  const Lease lease = first_.lock();
  expect_holder(wait({}), lease);
}

TEST_F(WaitForChangeTest, ReturnsTheQueueWhenTheHolderIsFollowed) {
  const Lease lease = first_.lock();
  auto next = zookeeper_.in_background([this] { return second_.lock(); });
  zookeeper_.settle();
  auto changed = wait(watcher_->entries());
  zookeeper_.advance(1h);
  EXPECT_FALSE(is_done(changed));
  first_.unlock(lease);
  expect_holder(std::move(changed), next.get());
}

TEST_F(WaitForChangeTest, ReturnsAnEmptyQueueIfNobodyFollows) {
  const Lease lease = first_.lock();
  auto changed = wait(watcher_->entries());
  first_.unlock(lease);
  ASSERT_TRUE(becomes_done(changed));
  EXPECT_TRUE(changed.get().empty());
}

TEST_F(WaitForChangeTest, FollowsOneHolderAfterTheOther) {
  LockEntries known;
  for (int i = 0; i < 5; ++i) {
    auto granted = wait(known);
    const Lease lease = first_.lock();
    ASSERT_TRUE(becomes_done(granted));
    known = granted.get();
    EXPECT_EQ(znodes(known), std::vector{lease.znode()});
    auto released = wait(known);
    EXPECT_FALSE(is_done(released));
    first_.unlock(lease);
    ASSERT_TRUE(becomes_done(released));
    known = released.get();
    EXPECT_TRUE(known.empty());
  }
}

TEST_F(WaitForChangeTest, ARenewalIsNoChange) {
  ZooKeeperLock lock({.path = "/a/locks", .ttl = 30s}, zookeeper_.connect());
  const Lease lease = lock.lock();
  auto changed = wait(watcher_->entries());
  for (int i = 0; i < 3; ++i) lease.renew();
  zookeeper_.settle();
  EXPECT_FALSE(is_done(changed));
  lock.unlock(lease);
  EXPECT_TRUE(becomes_done(changed));
}

TEST_F(WaitForChangeTest, AWaiterThatComesOrGoesIsNoChange) {
  const Lease lease = first_.lock();
  auto changed = wait(watcher_->entries());
  std::error_code error;
  second_.lock(Context().with_timeout(1s), error);
  EXPECT_EQ(error, Errc::locking_timed_out);
  EXPECT_FALSE(is_done(changed));
  first_.unlock(lease);
  EXPECT_TRUE(becomes_done(changed));
}

TEST_F(WaitForChangeTest, MakesAMissingDirectory) {
  auto changed = wait({});
  EXPECT_TRUE(zookeeper_.get("/a/locks"));
  EXPECT_FALSE(is_done(changed));
  expect_holder(std::move(changed), first_.lock());
}

TEST_F(WaitForChangeTest, MakesADirectoryAgainThatGoesAsAnEmptyContainer) {
  first_.unlock(first_.lock());
  auto changed = wait({});
  zookeeper_.remove_empty_containers();
  EXPECT_TRUE(zookeeper_.get("/a/locks"));
  EXPECT_FALSE(is_done(changed));
  for (int i = 0; i < 3; ++i) {
    zookeeper_.remove("/a/locks");
    EXPECT_TRUE(zookeeper_.get("/a/locks")) << i;
  }
  EXPECT_FALSE(is_done(changed));
  expect_holder(std::move(changed), first_.lock());
}

TEST_F(WaitForChangeTest, AnotherZnodeThatLooksLikeAClaimIsNoHolder) {
  first_.unlock(first_.lock());
  zookeeper_.create("/a/locks/shard-1");
  auto changed = wait({});
  zookeeper_.create("/a/locks/shard-2");
  zookeeper_.advance(1min);
  EXPECT_FALSE(is_done(changed));
  expect_holder(std::move(changed), first_.lock());
}

TEST_F(WaitForChangeTest, LooksAgainAfterAReconnect) {
  const Lease lease = first_.lock();
  auto changed = wait(watcher_->entries());
  zookeeper_.break_connection(client_);
  zookeeper_.advance(1s);
  EXPECT_FALSE(is_done(changed));
  zookeeper_.cut(client_);
  first_.unlock(lease);
  const Lease next = second_.lock();
  zookeeper_.restore(client_);
  expect_holder(std::move(changed), next);
}

TEST_F(WaitForChangeTest, LooksAgainAfterAReconnectWithoutAHolder) {
  first_.unlock(first_.lock());
  auto changed = wait({});
  zookeeper_.break_connection(client_);
  zookeeper_.advance(1s);
  EXPECT_FALSE(is_done(changed));
  zookeeper_.cut(client_);
  const Lease lease = first_.lock();
  zookeeper_.restore(client_);
  expect_holder(std::move(changed), lease);
}

TEST_F(WaitForChangeTest, GoesOnInTheNextSession) {
  for (const bool is_held : {true, false}) {
    Lease lease = is_held ? first_.lock() : Lease();
    auto changed = wait(watcher_->entries());
    zookeeper_.expire_session(client_);
    zookeeper_.advance(1s);
    EXPECT_FALSE(is_done(changed));
    if (is_held) first_.unlock(lease);
    if (!is_held) lease = first_.lock();
    ASSERT_TRUE(becomes_done(changed));
    EXPECT_EQ(changed.get().empty(), is_held);
  }
}

TEST_F(WaitForChangeTest, GoesOnAfterALostAnswer) {
  first_.unlock(first_.lock());
  zookeeper_.lose_next_answer(Operation::children, client_);
  auto granted = wait({});
  zookeeper_.advance(1s);
  const Lease lease = first_.lock();
  ASSERT_TRUE(becomes_done(granted));
  zookeeper_.lose_next_answer(Operation::get, client_);
  auto released = wait(granted.get());
  zookeeper_.advance(1s);
  EXPECT_FALSE(is_done(released));
  first_.unlock(lease);
  EXPECT_TRUE(becomes_done(released));
}

TEST_F(WaitForChangeTest, AHolderThatGoesBeforeItIsWatchedIsSeen) {
  const Lease lease = first_.lock();
  auto changed = wait({});
  ASSERT_TRUE(becomes_done(changed));
  const LockEntries known = changed.get();
  first_.unlock(lease);
  auto released = wait(known);
  ASSERT_TRUE(becomes_done(released));
  EXPECT_TRUE(released.get().empty());
}

TEST_F(WaitForChangeTest, AQueueThatNobodySawEmptyIsNotReportedAsEmpty) {
  const Lease lease = first_.lock();
  // As if the holder had been followed between the list and the reads of its claims.
  zookeeper_.fail_next(Operation::get, ZooKeeperErrc::no_node);
  EXPECT_EQ(watcher_->entries().size(), 1U);
}

TEST_F(WaitForChangeTest, AServerThatIsBehindReportsNoOtherHolder) {
  ZooKeeperLock ahead({.path = "/a/locks"}, zookeeper_.connect_to(0));
  const ZooKeeperLock behind({.path = "/a/locks"}, zookeeper_.connect_to(2));
  zookeeper_.slow_commits(2, 10s);
  const Lease lease = ahead.lock();
  auto changed = zookeeper_.in_background(
      [&, known = ahead.entries()] { return behind.wait_for_change(known); });
  zookeeper_.advance(1min);
  EXPECT_FALSE(is_done(changed));
  ahead.unlock(lease);
  zookeeper_.advance(1min);
  ASSERT_TRUE(is_done(changed));
  EXPECT_TRUE(changed.get().empty());
}

TEST_F(WaitForChangeTest, TimesOutWithoutAChange) {
  const auto wait_for = [this](const LockEntries& known, std::chrono::nanoseconds timeout) {
    return error_of([&] {
             static_cast<void>(watcher_->wait_for_change(known, Context().with_timeout(timeout)));
           })
        .code();
  };
  EXPECT_EQ(wait_for({}, 1s), Errc::locking_timed_out);
  EXPECT_EQ(wait_for({}, 0s), Errc::locking_timed_out);
  const Lease lease = first_.lock();
  EXPECT_EQ(wait_for(watcher_->entries(), 1s), Errc::locking_timed_out);
  EXPECT_EQ(wait_for(watcher_->entries(), 0s), Errc::locking_timed_out);
}

TEST_F(WaitForChangeTest, SaysThatNoServerAnswered) {
  zookeeper_.cut(client_);
  auto changed = wait({}, Context().with_timeout(5s));
  ASSERT_TRUE(becomes_done(changed));
  EXPECT_EQ(failure_of(std::move(changed))->code(), Errc::no_server_answered);
}

TEST_F(WaitForChangeTest, IsCanceledByItsContext) {
  std::stop_source stop;
  auto changed = wait({}, Context().with_stop_token(stop.get_token()));
  EXPECT_FALSE(is_done(changed));
  stop.request_stop();
  EXPECT_EQ(failure_of(std::move(changed))->code(), Errc::locking_canceled);
}

TEST_F(WaitForChangeTest, IsCanceledWhenTheLockIsDestroyed) {
  auto changed = wait({});
  EXPECT_FALSE(is_done(changed));
  watcher_.reset();
  EXPECT_EQ(failure_of(std::move(changed))->code(), Errc::locking_canceled);
}

TEST_F(WaitForChangeTest, SaysWhenItMayNotRead) {
  zookeeper_.fail_next(Operation::children, ZooKeeperErrc::no_auth);
  const LockError error = error_of([&] { static_cast<void>(watcher_->wait_for_change({})); });
  EXPECT_EQ(error.code(), Errc::locking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::no_auth);
}

using Client = NiceMock<zklock::testing::MockZooKeeperClient>;

TEST(WaitForChangeOfABasicClientTest, NeedsTheWatchOfTheListOnlyWhileNobodyHolds) {
  const auto client = std::make_shared<Client>();
  ON_CALL(*client, children_and_watch(_, _, _)).WillByDefault(Return(ZooKeeperErrc::unimplemented));
  ZooKeeperLock lock({.path = "/locks"}, client);
  const Context briefly = Context().with_timeout(10ms);
  LockError error = error_of([&] { static_cast<void>(lock.wait_for_change({}, briefly)); });
  EXPECT_EQ(error.code(), Errc::locking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::unimplemented);
  const Lease lease = lock.lock();
  const LockEntries held = lock.entries();
  error = error_of([&] { static_cast<void>(lock.wait_for_change(held, briefly)); });
  EXPECT_EQ(error.code(), Errc::locking_timed_out);
}

TEST(WaitForChangeOfABasicClientTest, WorksWithAMock) {
  const auto client = std::make_shared<Client>();
  ZooKeeperLock lock({.path = "/locks"}, client);
  auto granted = std::async(std::launch::async, [&lock] { return lock.wait_for_change({}); });
  const Lease lease = lock.lock();
  const LockEntries held = granted.get();
  EXPECT_EQ(held.size(), 1U);
  auto released = std::async(std::launch::async, [&] { return lock.wait_for_change(held); });
  lock.unlock(lease);
  EXPECT_TRUE(released.get().empty());
}

}  // namespace
}  // namespace zklock
