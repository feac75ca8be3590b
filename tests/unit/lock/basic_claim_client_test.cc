// What a lock makes of a client of the user's that has only ZooKeeper's operations, or throws.
#include "lock/basic_claim_client.h"

#include <zklock/guarded_write.h>
#include <zklock/testing/fake_zookeeper.h>
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
  const auto client = claim_client_of(mock_, internal::Background::shared(), internal::Log(lines_));
  EXPECT_EQ(client->get("/locks", {}).error(), ZooKeeperErrc::system_error);
  EXPECT_TRUE(lines_->has("the client threw in get(/locks)"));
}

TEST_F(BasicClaimClientTest, ChecksByReading) {
  const auto client = claim_client_of(mock_, internal::Background::shared(), {});
  EXPECT_CALL(*mock_, get).WillRepeatedly(Return(Znode{.stat = Stat{.version = 3}}));
  EXPECT_TRUE(client->check("/a", 3, {}));
  EXPECT_TRUE(client->check("/a", ZooKeeperClient::kAnyVersion, {}));
  EXPECT_EQ(client->check("/a", 2, {}).error(), ZooKeeperErrc::bad_version);
  EXPECT_CALL(*mock_, get).WillOnce(Return(ZooKeeperErrc::no_node));
  EXPECT_EQ(client->check("/a", 3, {}).error(), ZooKeeperErrc::no_node);
}

TEST_F(BasicClaimClientTest, KnowsNoSession) {
  const auto client = claim_client_of(mock_, internal::Background::shared(), {});
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
  const auto client = claim_client_of(std::make_shared<ThrowingClaimClient>(),
                                      internal::Background::shared(), internal::Log(lines_));
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
      std::make_shared<ThrowingClaimClient>(std::make_shared<ThrowingClaimClient>()),
      internal::Background::shared(), {});
  const auto further = client->with_capacity();
  ASSERT_NE(further, nullptr);
  further->remove_in_background("/a");
  EXPECT_EQ(client->with_capacity(), further);
}

/// A client of a user's that passes the basic calls on to another one.
class PassingOnClient : public ZooKeeperClient {
 public:
  explicit PassingOnClient(std::shared_ptr<ZooKeeperClient> other) : other_(std::move(other)) {}

  Result<Children> children(const std::string& path, const Context& context) override {
    return other_->children(path, context);
  }
  Result<Created> create(const std::string& path, const std::string& data, const Acl& acl,
                         const Context& context) override {
    return other_->create(path, data, acl, context);
  }
  Result<Created> create_protected_ephemeral_sequential(const std::string& path,
                                                        const std::string& data, const Acl& acl,
                                                        const Context& context) override {
    return other_->create_protected_ephemeral_sequential(path, data, acl, context);
  }
  Result<void> remove(const std::string& path, std::int32_t version,
                      const Context& context) override {
    return other_->remove(path, version, context);
  }
  Result<Znode> get(const std::string& path, const Context& context) override {
    return other_->get(path, context);
  }
  Result<Znode> get_and_watch(const std::string& path, const std::shared_ptr<Watcher>& watcher,
                              const Context& context) override {
    return other_->get_and_watch(path, watcher, context);
  }
  Result<Stat> set(const std::string& path, const std::string& data, std::int32_t version,
                   const Context& context) override {
    return other_->set(path, data, version, context);
  }

 protected:
  const std::shared_ptr<ZooKeeperClient> other_;
};

/// Transactions, too.
class WholePassingOnClient final : public PassingOnClient {
 public:
  using PassingOnClient::PassingOnClient;
  MultiResult multi(const std::vector<MultiOperation>& operations,
                    const Context& context) override {
    return other_->multi(operations, context);
  }
};

class PassingOnClientTest : public ::testing::Test {
 protected:
  zklock::testing::FakeZooKeeper zookeeper_;
  const std::shared_ptr<ZooKeeperClient> client_ = zookeeper_.connect();
  ZooKeeperLock lock_{{.path = "/locks"}, std::make_shared<PassingOnClient>(client_)};
};

TEST_F(PassingOnClientTest, CannotWriteUnderTheLock) {
  const Lease lease = lock_.lock();
  std::error_code error;
  GuardedWrite(lease).set("/locks", "new").commit({}, error);
  EXPECT_EQ(error, Errc::write_failed);
  EXPECT_EQ(zookeeper_.get("/locks")->data, "");
}

TEST_F(PassingOnClientTest, ItsLeaseEndsWithTheEvidenceOfTheSession) {
  const Lease lease = lock_.lock();
  zookeeper_.stall(client_);
  zookeeper_.advance(1min);
  EXPECT_FALSE(lease.valid());
  EXPECT_TRUE(lease.lost().stop_requested());
  zookeeper_.restore(client_);
}

TEST_F(PassingOnClientTest, ASuspendedLeaseComesBackIfItPassesTransactionsOn) {
  for (const bool does : {true, false}) {
    std::shared_ptr<ZooKeeperClient> client = std::make_shared<PassingOnClient>(client_);
    if (does) client = std::make_shared<WholePassingOnClient>(client_);
    ZooKeeperLock lock({.path = "/suspending", .when_uncertain = WhenUncertain::suspend}, client);
    const Lease lease = lock.lock();
    zookeeper_.advance(1min);
    zookeeper_.cut(client_);
    zookeeper_.advance(lease.remaining() + 1ms);
    EXPECT_FALSE(lease.valid());
    EXPECT_FALSE(lease.lost().stop_requested());
    zookeeper_.restore(client_);
    zookeeper_.advance(5s);
    EXPECT_EQ(lease.valid(), does);
    EXPECT_EQ(lease.lost().stop_requested(), !does) << "its claim cannot be checked";
  }
}

TEST_F(PassingOnClientTest, ItsLeaseEndsWithItsSession) {
  const Lease lease = lock_.lock();
  zookeeper_.expire_session(client_);
  zookeeper_.advance(1s);
  EXPECT_FALSE(lease.valid());
}

TEST_F(PassingOnClientTest, ItsClaimsCountForTheSession) {
  const PassingOnClient passing_on(client_);
  zookeeper_.create("/a");
  const std::string parent = "/a/" + std::string(8'000, 'x');
  zookeeper_.create(parent);
  std::vector<Created> claims;
  std::error_code error;
  while (!error && claims.size() < 100) {
    const Result<Created> claim = PassingOnClient(client_).create_protected_ephemeral_sequential(
        parent + "/lock-", "", Acl::open(), {});
    error = claim.error();
    if (claim) claims.push_back(*claim);
  }
  EXPECT_LT(claims.size(), 70U);
}

TEST_F(BasicClaimClientTest, TheEndOfASessionThatTheClientDoesNotKnowIsReportedByItsWatch) {
  std::weak_ptr<Watcher> watching;
  EXPECT_CALL(*mock_, get_and_watch)
      .WillRepeatedly(
          [&](const std::string&, const std::shared_ptr<Watcher>& watcher, const Context&) {
            watching = watcher;
            return Znode{.stat = Stat{.ephemeral_owner = 1}};
          });
  ZooKeeperLock lock(config(), mock_);
  const Lease lease = lock.lock();
  time_.advance(1s);
  const auto watcher = watching.lock();
  ASSERT_NE(watcher, nullptr);
  watcher->on_event({WatchEvent::Type::session_lost, lease.znode()});
  EXPECT_FALSE(lease.valid());
  EXPECT_EQ(lease.loss_reason(), LossReason::session_expired);
}

TEST_F(BasicClaimClientTest, LocksOfOneMockDoNotDisturbEachOther) {
  ZooKeeperLockConfig other = config();
  other.path = "/jobs/2";
  ZooKeeperLock one(config(), mock_);
  ZooKeeperLock two(other, mock_);
  const Lease first = one.lock();
  EXPECT_TRUE(two.lock(Context().without_waiting()).valid());
}

TEST_F(BasicClaimClientTest, AMockWakesTheNextWaiterOfALock) {
  ZooKeeperLock lock(config(), mock_);
  const Lease first = lock.lock();
  auto second = zklock::testing::in_background([&] { return lock.lock(); });
  time_.settle();
  EXPECT_FALSE(second.is_done());
  lock.unlock(first);
  EXPECT_TRUE(second.get().valid());
}

/// Its session throws where it can.
class ThrowingSession final : public Session {
 public:
  [[nodiscard]] std::int64_t id() const noexcept override { return 1; }
  [[nodiscard]] std::chrono::milliseconds timeout() const noexcept override { return 10s; }
  [[nodiscard]] std::stop_token lost() const noexcept override { return lost_.get_token(); }
  [[nodiscard]] std::chrono::steady_clock::time_point certain_until() const noexcept override {
    return std::chrono::steady_clock::time_point::min();
  }
  [[nodiscard]] std::shared_ptr<void> keep_certain() const override {
    throw std::runtime_error("keep");
  }
  [[nodiscard]] Result<void> become_certain(std::chrono::nanoseconds,
                                            const Context&) const override {
    throw std::runtime_error("become");
  }

 private:
  std::stop_source lost_;
};

class ThrowingSessionClient final : public zklock::testing::TinyZooKeeper {
 public:
  Result<Enqueued> enqueue(const EnqueueRequest& request, const Context& context) override {
    Result<Enqueued> enqueued = TinyZooKeeper::enqueue(request, context);
    if (enqueued) enqueued->claim.session = std::make_shared<ThrowingSession>();
    return enqueued;
  }
};

TEST_F(BasicClaimClientTest, ASessionThatThrowsFailsTheLockAndLeavesNoClaim) {
  const auto client = std::make_shared<ThrowingSessionClient>();
  client->make("/locks");
  ZooKeeperLock lock(config(), client);
  std::error_code error;
  lock.lock(Context().with_timeout(3s), error);
  EXPECT_EQ(error, Errc::locking_failed);
  EXPECT_TRUE(client->names("/locks").empty());
}

}  // namespace
}  // namespace zklock
