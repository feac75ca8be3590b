// Holders and waiters whose connection, session, claim, directory or server goes away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <string>
#include <system_error>

#include "integration/tools.h"
#include "support/as_claim_client.h"
#include "support/loopback_proxy.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// One lock's session goes through a proxy, the other's does not.
class LockReconnectTest : public ::testing::Test {
 protected:
  [[nodiscard]] LockEntries queue() const { return other_.entries(soon()); }

  /// Waits until the session of the lock behind the proxy is connected.
  [[nodiscard]] bool reconnects() const {
    return becomes_true([&] { return proxied_->get("/", soon()).has_value(); });
  }

  /// For tests in which the creation of a claim must be the first that is sent.
  void create_directory() { other_.unlock(other_.lock(soon()), soon()); }

  ZooKeeperServer& server_ = ZooKeeperServer::shared();
  LoopbackProxy proxy_{server_.port()};
  const std::string path_ = unique_path();
  const std::shared_ptr<RecordingObserver> record_ = std::make_shared<RecordingObserver>();
  const std::shared_ptr<ClaimClient> client_ = testing::connect_claim_client(server_.address());
  const std::shared_ptr<ClaimClient> proxied_ = testing::connect_claim_client(proxy_.address());
  ZooKeeperLock other_{{.path = path_}, client_};
  ZooKeeperLock lock_{{.path = path_, .observer = record_}, proxied_};
};

TEST_F(LockReconnectTest, HolderKeepsTheLock) {
  const Lease lease = lock_.lock(soon());
  for (int i = 0; i < 3; ++i) {
    proxy_.cut();
    ASSERT_TRUE(reconnects());
  }
  EXPECT_GE(proxy_.connections(), 4U);
  EXPECT_TRUE(lease.valid());
  EXPECT_NO_THROW(lease.verify(soon()));
  EXPECT_EQ(queue().lock_path(*queue().first()), lease.znode());
  lock_.unlock(lease, soon());
  EXPECT_THAT(queue(), IsEmpty());
}

TEST_F(LockReconnectTest, HolderIsNotifiedOfALossAfterTheReconnect) {
  const Lease lease = lock_.lock(soon());
  proxy_.cut();
  ASSERT_TRUE(reconnects());
  EXPECT_TRUE(lease.valid());
  ASSERT_TRUE(client_->remove(lease.znode(), ZooKeeperClient::kAnyVersion, soon()));
  EXPECT_TRUE(is_stopped(lease.lost()));
}

TEST_F(LockReconnectTest, WaiterKeepsItsPlace) {
  const Lease holder = other_.lock(soon());
  std::future<Lease> waiting = lock_async(lock_);
  ASSERT_TRUE(record_->await("waiting"));
  proxy_.cut();
  ASSERT_TRUE(record_->await("waiting", 2)) << "it looks again";
  std::future<Lease> later = lock_async(other_);
  ASSERT_TRUE(becomes_true([&] { return queue().size() == 3; }));
  other_.unlock(holder, soon());
  const Lease lease = granted(waiting);
  ASSERT_TRUE(lease);
  EXPECT_THAT(record_->znodes("requeued"), IsEmpty());
  EXPECT_EQ(lease.znode(), record_->znodes("waiting").front());
  EXPECT_FALSE(is_ready(later));
  lock_.unlock(lease, soon());
  EXPECT_TRUE(granted(later));
}

TEST_F(LockReconnectTest, WaiterGetsALockThatWasReleasedWhileDisconnected) {
  const Lease holder = other_.lock(soon());
  std::future<Lease> waiting = lock_async(lock_);
  ASSERT_TRUE(record_->await("waiting"));
  proxy_.refuse();
  other_.unlock(holder, soon());
  proxy_.heal();
  EXPECT_TRUE(granted(waiting));
  EXPECT_THAT(record_->znodes("requeued"), IsEmpty());
}

TEST_F(LockReconnectTest, WaiterQueuesAgainAfterItsSessionExpired) {
  const auto client = connect(proxy_.address(), {.session_timeout = 1'500ms});
  ZooKeeperLock lock({.path = path_, .observer = record_}, client);
  const Lease holder = other_.lock(soon());
  std::future<Lease> waiting = lock_async(lock);
  ASSERT_TRUE(record_->await("waiting"));
  const auto session = testing::as_claim_client(client)->session();
  proxy_.hold_to_server();
  proxy_.hold_to_client();
  ASSERT_TRUE(becomes_true([&] { return queue().size() == 1; })) << "the session is over";
  EXPECT_FALSE(is_ready(waiting));
  proxy_.heal();
  proxy_.cut();
  ASSERT_TRUE(record_->await("requeued"));
  ASSERT_TRUE(becomes_true([&] { return queue().size() == 2; }));
  EXPECT_FALSE(is_ready(waiting));
  EXPECT_TRUE(session->lost().stop_requested());
  other_.unlock(holder, soon());
  const Lease lease = granted(waiting);
  ASSERT_TRUE(lease);
  EXPECT_TRUE(lease.valid());
  EXPECT_NE(lease.znode(), record_->znodes("requeued").front());
  const Result<Znode> claim = client_->get(lease.znode(), soon());
  ASSERT_TRUE(claim);
  EXPECT_NE(claim->stat.ephemeral_owner, session->id());
}

TEST_F(LockReconnectTest, WaiterQueuesAgainAfterItsClaimWasDeleted) {
  const Lease holder = other_.lock(soon());
  std::future<Lease> waiting = lock_async(lock_);
  ASSERT_TRUE(record_->await("waiting"));
  std::future<Lease> later = lock_async(other_);
  ASSERT_TRUE(becomes_true([&] { return queue().size() == 3; }));
  const std::string deleted = record_->znodes("waiting").front();
  ASSERT_TRUE(client_->remove(deleted, ZooKeeperClient::kAnyVersion, soon()));
  ASSERT_TRUE(record_->await("requeued"));
  EXPECT_THAT(record_->znodes("requeued"), ElementsAre(deleted));
  ASSERT_TRUE(becomes_true([&] { return queue().size() == 3; }));
  other_.unlock(holder, soon());
  const Lease second = granted(later);
  ASSERT_TRUE(second) << "it is first now";
  EXPECT_FALSE(is_ready(waiting));
  other_.unlock(second, soon());
  EXPECT_TRUE(granted(waiting));
}

TEST_F(LockReconnectTest, WaiterSurvivesTheDeletionOfTheDirectory) {
  const Lease holder = other_.lock(soon());
  std::future<Lease> waiting = lock_async(lock_);
  ASSERT_TRUE(record_->await("waiting"));
  // The claims may come back while they are deleted; the directory goes when there is none.
  ASSERT_TRUE(becomes_true([&] {
    for (const LockEntry& entry : queue()) {
      static_cast<void>(client_->remove(entry.path, ZooKeeperClient::kAnyVersion, soon()));
    }
    return client_->remove(path_, ZooKeeperClient::kAnyVersion, soon()).has_value();
  }));
  EXPECT_TRUE(is_stopped(holder.lost()));
  const Lease lease = granted(waiting);
  ASSERT_TRUE(lease);
  EXPECT_TRUE(lease.valid() || lease.loss_reason() == LossReason::claim_deleted)
      << "one that was granted in between is deleted, too";
  EXPECT_GT(lease.fencing_token(), holder.fencing_token());
}

TEST_F(LockReconnectTest, ClaimIsFoundAfterTheAnswerToItsCreateWasLost) {
  create_directory();
  proxy_.hold_to_client();
  std::future<Lease> locked = lock_async(lock_);
  ASSERT_TRUE(becomes_true([&] { return queue().size() == 1; }));
  const std::string created = queue().begin()->path;
  proxy_.cut();
  proxy_.heal();
  const Lease lease = granted(locked);
  ASSERT_TRUE(lease);
  EXPECT_EQ(lease.znode(), created);
  EXPECT_THAT(queue(), SizeIs(1));
}

TEST_F(LockReconnectTest, ClaimIsCreatedAgainWhenTheCreateDidNotArrive) {
  create_directory();
  proxy_.hold_to_server();
  const std::size_t connections = proxy_.connections();
  std::future<Lease> locked = lock_async(lock_);
  EXPECT_FALSE(is_ready(locked, 50ms));
  proxy_.cut();
  proxy_.heal();
  EXPECT_TRUE(granted(locked));
  EXPECT_GT(proxy_.connections(), connections);
  EXPECT_THAT(queue(), SizeIs(1));
}

TEST_F(LockReconnectTest, AbandonedClaimOfUnknownOutcomeIsRemoved) {
  create_directory();
  proxy_.hold_to_client();
  std::error_code error;
  lock_.lock(Context().with_timeout(100ms), error);
  EXPECT_EQ(error, Errc::no_server_answered);
  ASSERT_TRUE(becomes_true([&] { return queue().size() == 1; })) << "the server made it";
  proxy_.heal();
  EXPECT_TRUE(becomes_true([&] { return queue().empty(); }));
  EXPECT_TRUE(becomes_true([&] { return proxied_->pending_removals().count == 0; }));
}

/// After a long time without a connection, a grant waits for evidence.
TEST_F(LockReconnectTest, AClaimDeletedWhileItWaitsForEvidenceIsNotGranted) {
  create_directory();
  const auto client = testing::connect_claim_client(proxy_.address(), {.session_timeout = 6s});
  ZooKeeperLock lock({.path = path_}, client);
  const auto session = client->session();
  proxy_.refuse();
  ASSERT_TRUE(becomes_true(
      [&] { return session->certain_until() < std::chrono::steady_clock::now() + 1'200ms; }));
  std::future<Lease> waiting = lock_async(lock);
  proxy_.heal();
  ASSERT_TRUE(becomes_true([&] { return queue().size() == 1; }));
  ASSERT_FALSE(is_ready(waiting)) << "it has evidence at once";
  const std::string claim = queue().begin()->path;
  ASSERT_TRUE(client_->remove(claim, ZooKeeperClient::kAnyVersion, soon()));
  const Lease other = other_.lock(soon());
  EXPECT_TRUE(becomes_true([&] { return is_ready(waiting) || queue().size() == 2; }));
  EXPECT_FALSE(is_ready(waiting)) << "while another one holds it";
  other_.unlock(other, soon());
  const Lease lease = granted(waiting);
  EXPECT_GT(lease.fencing_token(), other.fencing_token());
  lock.unlock(lease, soon());
}

TEST_F(LockReconnectTest, UnlockWhoseAnswerWasLostSucceeds) {
  const Lease lease = lock_.lock(soon());
  proxy_.hold_to_client();
  std::future<void> unlocked = std::async(std::launch::async, [&] { lock_.unlock(lease, soon()); });
  ASSERT_TRUE(becomes_true([&] { return queue().empty(); }));
  proxy_.cut();
  proxy_.heal();
  EXPECT_NO_THROW(unlocked.get());
}

TEST_F(LockReconnectTest, UnlockThatTimedOutContinuesInTheBackground) {
  const Lease lease = lock_.lock(soon());
  proxy_.refuse();
  const LockError error = error_of([&] { lock_.unlock(lease, Context().with_timeout(100ms)); });
  EXPECT_EQ(error.code(), Errc::unlocking_failed);
  EXPECT_EQ(record_->count("unlock_failed"), 1U);
  EXPECT_FALSE(lease.valid());
  EXPECT_THAT(queue(), SizeIs(1));
  proxy_.heal();
  EXPECT_TRUE(becomes_true([&] { return queue().empty(); }));
  EXPECT_FALSE(lease.loss_reason());
}

TEST(LockRestartTest, HolderAndWaitersSurviveARestartOfTheServer) {
  ZooKeeperServer server;
  const std::string path = unique_path();
  const auto record = std::make_shared<RecordingObserver>();
  const ClientOptions patient{.session_timeout = 40s};  // a third outlasts the restart
  ZooKeeperLock holder({.address = server.address(), .path = path, .client = patient});
  ZooKeeperLock waiter(
      {.address = server.address(), .path = path, .observer = record, .client = patient});
  const Lease lease = holder.lock(soon());
  std::future<Lease> waiting = lock_async(waiter);
  ASSERT_TRUE(record->await("waiting"));
  server.restart();
  EXPECT_THAT(holder.entries(soon()), SizeIs(2));
  EXPECT_TRUE(lease.valid());
  EXPECT_FALSE(is_ready(waiting));
  holder.unlock(lease, soon());
  const Lease next = granted(waiting);
  ASSERT_TRUE(next);
  EXPECT_EQ(next.znode(), record->znodes("waiting").front());
  EXPECT_NO_THROW(next.verify(soon()));
}

}  // namespace
}  // namespace zklock::test
