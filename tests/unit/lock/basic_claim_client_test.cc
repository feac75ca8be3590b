// What a lock makes of a client of the user's that has only ZooKeeper's operations, or throws.
#include "lock/basic_claim_client.h"

#include <zklock/testing/mock_zookeeper_client.h>
#include <zklock/zookeeper_lock.h>

#include <stdexcept>

#include "lock_fixture.h"
#include "support/mock_claim_client.h"
#include "support/recording_logger.h"

namespace zklock {
namespace {

using namespace std::chrono_literals;

using internal::claim_client_of;
using ::testing::AnyNumber;
using ::testing::NiceMock;
using ::testing::Return;
using ::testing::StrictMock;
using ::testing::Throw;
using zklock::testing::MockClaimClient;
using zklock::testing::MockZooKeeperClient;

class BasicClaimClientTest : public ::testing::Test {
 protected:
  [[nodiscard]] ZooKeeperLockConfig config() const {
    return {.path = "/locks", .client = {.logger = lines_}};
  }

  zklock::testing::VirtualClock time_;
  const std::shared_ptr<test::RecordingLogger> lines_ = std::make_shared<test::RecordingLogger>();
  const std::shared_ptr<NiceMock<MockZooKeeperClient>> mock_ =
      std::make_shared<NiceMock<MockZooKeeperClient>>();
};

TEST_F(BasicClaimClientTest, AMockWithoutExpectationsIsAServerAtWhichNobodyContends) {
  ZooKeeperLock lock(config(), mock_);
  const Lease lease = lock.lock();
  EXPECT_TRUE(lease.valid());
  EXPECT_EQ(lease.znode(), "/locks/lock-0000000001");
  lock.unlock(Context());
  EXPECT_FALSE(lease.valid());
  EXPECT_GT(lock.lock().fencing_token(), lease.fencing_token());
}

TEST_F(BasicClaimClientTest, ALeaseOfAMockWithATtlIsRenewedAndReleased) {
  ZooKeeperLockConfig with_ttl = config();
  with_ttl.ttl = 10s;
  ZooKeeperLock lock(with_ttl, mock_);
  const Lease lease = lock.lock();
  lease.renew();
  EXPECT_TRUE(lease.valid());
  lock.unlock(Context());
}

TEST_F(BasicClaimClientTest, ALockHeldForLongerThanAShortHoldSurvivesAMockThatThrows) {
  EXPECT_CALL(*mock_, get_and_watch).WillRepeatedly(Throw(std::runtime_error("not expected")));
  EXPECT_CALL(*mock_, remove).WillRepeatedly(Throw(std::runtime_error("not expected either")));
  ZooKeeperLock lock(config(), mock_);
  const Lease lease = lock.lock();
  time_.advance(1s);  // the watch on its own claim was set meanwhile, by the thread for timers
  EXPECT_TRUE(lease.valid());
  EXPECT_TRUE(
      lines_->has("the client threw in get_and_watch(" + lease.znode() + "): not expected"));
  std::error_code error;
  lock.unlock(Context(), error);
  EXPECT_EQ(error, Errc::unlocking_failed);
}

TEST_F(BasicClaimClientTest, ALockOfAStrictMockIsHeldForLongerThanAShortHold) {
  const auto strict = std::make_shared<StrictMock<MockZooKeeperClient>>();
  EXPECT_CALL(*strict, create_protected_ephemeral_sequential);
  EXPECT_CALL(*strict, children);
  EXPECT_CALL(*strict, get_and_watch);
  EXPECT_CALL(*strict, remove);
  ZooKeeperLock lock(config(), strict);
  const Lease lease = lock.lock();
  time_.advance(1s);
  EXPECT_TRUE(lease.valid());
  lock.unlock(Context());
}

TEST_F(BasicClaimClientTest, WhatAnOperationThrowsFailsTheLockWithASystemError) {
  EXPECT_CALL(*mock_, children).WillRepeatedly(Throw(std::runtime_error("no such thing")));
  EXPECT_CALL(*mock_, remove).Times(AnyNumber());
  ZooKeeperLock lock(config(), mock_);
  std::error_code error;
  lock.lock(Context().with_timeout(3s), error);
  EXPECT_EQ(error, Errc::locking_failed);
  EXPECT_TRUE(lines_->has("the client threw in children(/locks): no such thing"));
}

TEST_F(BasicClaimClientTest, WhatIsNoExceptionIsLoggedToo) {
  EXPECT_CALL(*mock_, get).WillOnce(Throw(42));
  const auto client = claim_client_of(mock_, internal::Log(lines_));
  EXPECT_EQ(client->get("/locks", {}).error(), ZooKeeperErrc::system_error);
  EXPECT_TRUE(lines_->has("the client threw in get(/locks)"));
}

TEST_F(BasicClaimClientTest, ChecksByReading) {
  const auto client = claim_client_of(mock_, {});
  EXPECT_CALL(*mock_, get).WillRepeatedly(Return(Znode{.stat = Stat{.version = 3}}));
  EXPECT_TRUE(client->check("/a", 3, {}));
  EXPECT_TRUE(client->check("/a", ZooKeeperClient::kAnyVersion, {}));
  EXPECT_EQ(client->check("/a", 2, {}).error(), ZooKeeperErrc::bad_version);
  EXPECT_CALL(*mock_, get).WillOnce(Return(ZooKeeperErrc::no_node));
  EXPECT_EQ(client->check("/a", 3, {}).error(), ZooKeeperErrc::no_node);
}

TEST_F(BasicClaimClientTest, KnowsNoSession) {
  const auto client = claim_client_of(mock_, {});
  EXPECT_EQ(client->session(), nullptr);
  EXPECT_FALSE(client->session_lost().stop_possible());
  EXPECT_EQ(client->with_capacity(), nullptr);
  EXPECT_EQ(client->pending_removals().count, 0U);
}

/// A ClaimClient of a user's own, which throws where it can.
class ThrowingClaimClient : public NiceMock<MockClaimClient> {
 public:
  explicit ThrowingClaimClient(std::shared_ptr<ClaimClient> further = nullptr)
      : further_(std::move(further)) {}

  void watch_in_background(const std::string&, const std::shared_ptr<Watcher>&) override {
    throw std::runtime_error("watch");
  }
  void remove_in_background(const std::string&) override { throw std::runtime_error("remove"); }
  [[nodiscard]] std::shared_ptr<const Session> session() const override {
    throw std::runtime_error("session");
  }
  [[nodiscard]] PendingRemovals pending_removals() const override {
    throw std::runtime_error("pending");
  }
  [[nodiscard]] std::shared_ptr<ClaimClient> with_capacity() override {
    if (!further_) throw std::runtime_error("capacity");
    return further_;
  }

 private:
  const std::shared_ptr<ClaimClient> further_;
};

TEST_F(BasicClaimClientTest, AClaimClientThatThrowsIsSurvivedToo) {
  const auto client =
      claim_client_of(std::make_shared<ThrowingClaimClient>(), internal::Log(lines_));
  client->watch_in_background("/a", nullptr);
  client->remove_in_background("/a");
  EXPECT_EQ(client->session(), nullptr);
  EXPECT_EQ(client->pending_removals().count, 0U);
  EXPECT_EQ(client->with_capacity(), nullptr);
  for (const char* name : {"watch", "remove", "session", "pending", "capacity"}) {
    EXPECT_TRUE(lines_->has(std::string("): ") + name)) << name;
  }
}

TEST_F(BasicClaimClientTest, AFurtherClientIsCheckedAsWellAndStaysTheSameOne) {
  const auto client = claim_client_of(
      std::make_shared<ThrowingClaimClient>(std::make_shared<ThrowingClaimClient>()), {});
  const auto further = client->with_capacity();
  ASSERT_NE(further, nullptr);
  further->remove_in_background("/a");
  EXPECT_EQ(client->with_capacity(), further);
}

}  // namespace
}  // namespace zklock
