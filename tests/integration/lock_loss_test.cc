// How a holder learns that the lock is lost, and what is left of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <system_error>

#include "integration/tools.h"
#include "support/loopback_proxy.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// The holder's session goes through a proxy; another client sees what the server sees.
class LockLossTest : public ::testing::Test {
 protected:
  [[nodiscard]] LockEntries queue() const { return other_.entries(soon()); }

  /// A client that is not connected through the proxy deletes the claim.
  void delete_claim(const Lease& lease) {
    ASSERT_TRUE(client_->remove(lease.znode(), ZooKeeperClient::kAnyVersion, soon()));
  }

  void expect_lost(const Lease& lease, LossReason reason) {
    EXPECT_TRUE(is_stopped(lease.lost()));
    EXPECT_FALSE(lease.valid());
    EXPECT_EQ(lease.valid_until(), std::chrono::steady_clock::time_point::min());
    EXPECT_EQ(lease.loss_reason(), reason);
    EXPECT_TRUE(record_->await("lost"));
    EXPECT_THAT(record_->znodes("lost"), ElementsAre(lease.znode()));
    std::error_code error;
    lease.verify(soon(), error);
    EXPECT_EQ(error, Errc::lock_lost);
    lease.renew(soon(), error);
    EXPECT_EQ(error, Errc::lock_lost);
  }

  ZooKeeperServer& server_ = ZooKeeperServer::shared();
  LoopbackProxy proxy_{server_.port()};
  const std::string path_ = unique_path();
  const std::shared_ptr<RecordingObserver> record_ = std::make_shared<RecordingObserver>();
  const std::shared_ptr<ZooKeeperClient> client_ = connect(server_.address());
  ZooKeeperLock other_{{.path = path_}, client_};
  ZooKeeperLock lock_{{.address = proxy_.address(), .path = path_, .observer = record_}};
};

TEST_F(LockLossTest, DeletionOfTheClaimRightAfterTheGrantIsReported) {
  const Lease lease = lock_.lock(soon());
  delete_claim(lease);
  expect_lost(lease, LossReason::claim_deleted);
}

/// What watches the claim while it waits watches it from the first moment of the grant on, although
/// nothing that the holder asks for then gets through.
TEST_F(LockLossTest, DeletionRightAfterALongWaitIsReportedByTheWatchOfTheWait) {
  ZooKeeperLock lock({.address = proxy_.address(),
                      .path = path_,
                      .observer = record_,
                      .client = {.session_timeout = 60s}});
  const Lease before = other_.lock(soon());
  std::future<Lease> waiting = lock_async(lock);
  ASSERT_TRUE(record_->await("waiting"));
  const std::string claim = record_->znodes("waiting").front();
  ASSERT_TRUE(becomes_true([&] { return server_.ask("wchp").find(claim) != std::string::npos; }));
  proxy_.hold_to_server();
  other_.unlock(before, soon());
  const Lease lease = granted(waiting);
  ASSERT_EQ(lease.znode(), claim);
  EXPECT_TRUE(lease.valid());
  delete_claim(lease);
  EXPECT_TRUE(is_stopped(lease.lost()));
  EXPECT_EQ(lease.loss_reason(), LossReason::claim_deleted);
  proxy_.heal();
}

TEST_F(LockLossTest, LaterDeletionOfTheClaimIsReported) {
  const Lease lease = lock_.lock(soon());
  ASSERT_TRUE(becomes_true([&] {
    return server_.ask("wchp").find(lease.znode()) != std::string::npos;
  })) << "the holder watches its claim";
  EXPECT_TRUE(lease.valid());
  delete_claim(lease);
  expect_lost(lease, LossReason::claim_deleted);
}

TEST_F(LockLossTest, DeletionOfTheClaimWhileDisconnectedIsReported) {
  const Lease lease = lock_.lock(soon());
  proxy_.refuse();
  delete_claim(lease);
  proxy_.heal();
  expect_lost(lease, LossReason::claim_deleted);
}

TEST_F(LockLossTest, StopCallbackRunsAndMayUseTheLibrary) {
  const Lease lease = lock_.lock(soon());
  std::promise<Lease> next;
  const std::stop_callback callback(lease.lost(), [&] {
    EXPECT_FALSE(lease.valid());
    next.set_value(other_.lock(soon()));
  });
  delete_claim(lease);
  std::future<Lease> acquired = next.get_future();
  EXPECT_TRUE(granted(acquired));
}

TEST_F(LockLossTest, StopCallbackMayDestroyTheLock) {
  auto lock = std::make_optional<ZooKeeperLock>(ZooKeeperLockConfig{.path = path_}, client_);
  const Lease lease = lock->lock(soon());
  std::promise<void> destroyed;
  const std::stop_callback callback(lease.lost(), [&] {
    lock.reset();
    destroyed.set_value();
  });
  delete_claim(lease);
  EXPECT_EQ(destroyed.get_future().wait_for(kLongEnough), std::future_status::ready);
  EXPECT_EQ(lease.loss_reason(), LossReason::claim_deleted);
}

TEST_F(LockLossTest, ObserverMayTakeTheLockAgainAndCloseTheClient) {
  class Again final : public LockObserver {
   public:
    void on_lost(const Lease&) override {
      if (is_through.test_and_set()) return;  // that is the second one
      std::error_code error;
      const Lease lease = lock->lock(soon(), error);
      static_cast<void>(client->close(soon()));
      again.set_value(lease);
    }
    ZooKeeperLock* lock = nullptr;
    std::shared_ptr<ZooKeeperClient> client;
    std::promise<Lease> again;
    std::atomic_flag is_through;
  };
  const auto observer = std::make_shared<Again>();
  observer->client = connect(proxy_.address());
  ZooKeeperLock lock({.path = path_, .observer = observer}, observer->client);
  observer->lock = &lock;
  const Lease lease = lock.lock(soon());
  delete_claim(lease);
  std::future<Lease> again = observer->again.get_future();
  const Lease second = granted(again);
  ASSERT_TRUE(second);
  EXPECT_GT(second.fencing_token(), lease.fencing_token());
  EXPECT_TRUE(is_stopped(second.lost()));
  EXPECT_EQ(second.loss_reason(), LossReason::client_closed);
}

TEST_F(LockLossTest, SlowStopCallbackDoesNotDelayOtherLosses) {
  ZooKeeperLock another({.path = path_ + "/another"}, client_);
  const Lease slow = lock_.lock(soon());
  const Lease quick = another.lock(soon());
  std::promise<void> end;
  const std::stop_callback callback(slow.lost(), [&] { end.get_future().wait(); });
  delete_claim(slow);
  EXPECT_TRUE(is_stopped(slow.lost()));
  delete_claim(quick);
  EXPECT_TRUE(is_stopped(quick.lost()));
  EXPECT_TRUE(other_.lock(soon()));
  end.set_value();
}

TEST_F(LockLossTest, UnlockOfALostGrantReportsItAndKeepsANewerGrant) {
  const Lease lost = lock_.lock(soon());
  delete_claim(lost);
  ASSERT_TRUE(is_stopped(lost.lost()));
  std::future<Lease> newer = lock_async(lock_);
  const Lease lease = granted(newer);
  ASSERT_TRUE(lease) << "a grant that was lost does not block the next one";
  EXPECT_EQ(error_of([&] { lock_.unlock(lost, soon()); }).code(), Errc::lock_lost);
  EXPECT_EQ(error_of([&] { lock_.unlock(soon()); }).code(), Errc::unlocking_failed)
      << "this thread's grant was the lost one, and has been unlocked";
  EXPECT_TRUE(lease.valid());
  EXPECT_THAT(queue(), SizeIs(1));
  lock_.unlock(lease);
}

TEST_F(LockLossTest, UnlockOfADeletedClaimReportsTheLoss) {
  const Lease lease = lock_.lock(soon());
  proxy_.hold_to_client();  // the event of the deletion
  delete_claim(lease);
  std::future<std::error_code> unlocked = std::async(
      std::launch::async, [&] { return error_of([&] { lock_.unlock(lease, soon()); }).code(); });
  EXPECT_TRUE(becomes_true([&] { return !lease.valid(); })) << "unlock has begun";
  proxy_.heal();
  EXPECT_EQ(unlocked.get(), Errc::lock_lost);
}

TEST_F(LockLossTest, ReleasedLeaseIsNotLost) {
  const Lease lease = lock_.lock(soon());
  lock_.unlock(lease, soon());
  EXPECT_FALSE(lease.valid());
  lock_.lock(soon());  // any report of a loss would have come by now
  lock_.unlock(soon());
  EXPECT_FALSE(lease.loss_reason());
  EXPECT_FALSE(lease.lost().stop_requested());
  EXPECT_EQ(record_->count("lost"), 0U);
  EXPECT_EQ(error_of([&] { lease.verify(soon()); }).code(), Errc::lock_lost);
}

TEST_F(LockLossTest, ExpiredSessionIsReported) {
  ZooKeeperServer stranger;  // does not know the session, but has seen more transactions
  LoopbackProxy to_stranger(stranger.port());
  to_stranger.refuse();
  ZooKeeperServer home;
  LoopbackProxy to_home(home.port());
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(
        connect(stranger.address())->create("/" + std::to_string(i), "", Acl::open(), soon()));
  }
  ZooKeeperLock lock({.address = to_home.address() + "," + to_stranger.address(),
                      .path = path_,
                      .observer = record_});
  const Lease lease = lock.lock(soon());
  to_stranger.heal();
  to_home.refuse();
  expect_lost(lease, LossReason::session_expired);
}

TEST_F(LockLossTest, HolderThatIsCutOffLosesTheLockBeforeTheNextGrant) {
  ZooKeeperLock lock({.path = path_, .observer = record_},
                     connect(proxy_.address(), {.session_timeout = 1'500ms}));
  const Lease lease = lock.lock(soon());
  std::future<Lease> waiting = lock_async(other_);
  proxy_.hold_to_server();
  proxy_.hold_to_client();
  const Lease next = granted(waiting);
  ASSERT_TRUE(next) << "the server has ended the session, and with it the claim";
  EXPECT_FALSE(lease.valid()) << "though nobody could tell it";
  EXPECT_GT(next.fencing_token(), lease.fencing_token());
  expect_lost(lease, LossReason::cut_off);
  proxy_.heal();
  proxy_.cut();
  EXPECT_EQ(error_of([&] { lock.unlock(lease, soon()); }).code(), Errc::lock_lost);
  EXPECT_THAT(queue(), SizeIs(1));

  // In the new session everything goes on.
  std::future<Lease> again = lock_async(lock);
  ASSERT_TRUE(record_->await("waiting"));
  other_.unlock(next, soon());
  const Lease regained = granted(again);
  ASSERT_TRUE(regained);
  EXPECT_TRUE(regained.valid());
  EXPECT_GT(regained.fencing_token(), next.fencing_token());
  lock.unlock(regained, soon());
  EXPECT_THAT(queue(), IsEmpty());
}

TEST_F(LockLossTest, EndOfTheTtlIsReportedWithoutAContender) {
  ZooKeeperLock lock({.path = path_, .ttl = 200ms, .observer = record_}, connect(proxy_.address()));
  const auto begun = std::chrono::steady_clock::now();
  const Lease lease = lock.lock(soon());
  EXPECT_LE(lease.valid_until(), std::chrono::steady_clock::now() + 200ms);
  EXPECT_TRUE(is_stopped(lease.lost()));
  EXPECT_GE(std::chrono::steady_clock::now(), begun + 200ms);
  expect_lost(lease, LossReason::ttl_over);
  // Its claim does not wait for somebody to purge it: `other_` has no TTL and never would.
  EXPECT_TRUE(other_.lock(soon()));
}

TEST_F(LockLossTest, EndOfTheTtlIsReportedWhileCutOff) {
  ZooKeeperLock lock({.path = path_, .ttl = 500ms, .observer = record_}, connect(proxy_.address()));
  const Lease lease = lock.lock(soon());
  proxy_.refuse();
  EXPECT_TRUE(is_stopped(lease.lost()));
  EXPECT_FALSE(lease.valid());
  EXPECT_EQ(lease.loss_reason(), LossReason::ttl_over);
  EXPECT_THAT(queue(), SizeIs(1)) << "nobody could tell the server";
  proxy_.heal();
  EXPECT_TRUE(becomes_true([&] { return queue().empty(); })) << "removed in the background";
}

TEST_F(LockLossTest, ClosedClientLosesItsLeases) {
  const std::shared_ptr<ZooKeeperClient> client = connect(proxy_.address());
  ZooKeeperLock lock({.path = path_, .observer = record_}, client);
  const Lease lease = lock.lock(soon());
  EXPECT_TRUE(client->close(soon()));
  EXPECT_TRUE(is_stopped(lease.lost()));
  EXPECT_EQ(lease.loss_reason(), LossReason::client_closed);
  EXPECT_THAT(queue(), IsEmpty());
  const LockError error = error_of([&] { lock.lock(soon()); });
  EXPECT_EQ(error.code(), Errc::locking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::closing);
}

TEST_F(LockLossTest, ClaimThatMayNotBeRemovedEndsItsSession) {
  // Deleting takes a permission on the directory that nobody has.
  const std::string path = path_ + "/no-removal";
  const Acl no_removal{
      {Permission::read | Permission::create | Permission::write, "world", "anyone"}};
  ASSERT_TRUE(client_->create(path, "", no_removal, soon()));
  const auto log = std::make_shared<RecordingLogger>();
  ZooKeeperLock lock({.path = path}, connect(proxy_.address(), {.logger = log}));
  ZooKeeperLock contender({.path = path, .observer = record_}, client_);
  const Lease lease = lock.lock(soon());
  std::future<Lease> next = lock_async(contender);
  ASSERT_TRUE(record_->await("waiting"));
  const LockError error = error_of([&] { lock.unlock(lease, soon()); });
  EXPECT_EQ(error.code(), Errc::unlocking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::no_auth);
  EXPECT_TRUE(granted(next)) << "the queue is not stuck";
  EXPECT_TRUE(log->await("ending the session"));
}

}  // namespace
}  // namespace zklock::test
