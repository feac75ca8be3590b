// How a service tests what it does when it does not get its lock, when it loses it in the middle,
// and when no server answers: in three ways, each in milliseconds, and without a server. testing.md
// quotes it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/testing/lease_source.h>
#include <zklock/testing/mock_lock.h>
#include <zklock/testing/mock_zookeeper_client.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using ::testing::_;
using ::testing::A;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Return;
using ::testing::StrictMock;
using ::testing::Throw;

// --- The service ---------------------------------------------------------------------------------

// [readme: service]
/// Brings a database up to date, on one machine at a time.
class Migrator {
 public:
  enum class Outcome { done, locked_out, interrupted, no_server };
  using Apply = std::function<void(const std::string& step, std::int64_t fencing_token)>;

  Migrator(zklock::Lock& lock, std::chrono::milliseconds patience, Apply apply)
      : lock_(lock), patience_(patience), apply_(std::move(apply)) {}

  Outcome run() try {
    zklock::LockGuard guard(lock_, zklock::Context().with_timeout(patience_));
    for (const char* step : {"add column", "fill column", "drop table"}) {
      if (!guard.lease().valid()) return Outcome::interrupted;
      apply_(step, guard.lease().fencing_token());
    }
    guard.unlock(zklock::Context().with_timeout(patience_));
    return Outcome::done;
  } catch (const zklock::LockError& error) {
    if (error.code() == zklock::Errc::locking_timed_out) return Outcome::locked_out;
    if (error.code() == zklock::Errc::no_server_answered) return Outcome::no_server;
    if (error.code() == zklock::Errc::lock_lost) return Outcome::interrupted;
    // The library goes on unlocking: see Lock::unlock.
    if (error.code() == zklock::Errc::unlocking_failed) return Outcome::done;
    throw;  // no permission, say: trying again does not cure it
  }

 private:
  zklock::Lock& lock_;
  const std::chrono::milliseconds patience_;
  const Apply apply_;
};
// [readme-end]

using Outcome = Migrator::Outcome;

const Migrator::Apply kDoNothing = [](const std::string&, std::int64_t) {};

// --- On a fake ensemble --------------------------------------------------------------------------

// [readme: fake]
class OnTheFake : public ::testing::Test {
 protected:
  zklock::testing::FakeZooKeeper zookeeper_;
  const std::shared_ptr<zklock::ZooKeeperClient> client_ = zookeeper_.connect();
  zklock::ZooKeeperLock lock_{{.path = "/migrations"}, client_};
};

TEST_F(OnTheFake, TimesOut) {
  zklock::ZooKeeperLock theirs({.path = "/migrations"}, zookeeper_.connect());
  const zklock::Lease their_lease = theirs.lock();

  EXPECT_EQ(Migrator(lock_, 1h, kDoNothing).run(), Outcome::locked_out);  // an hour, in no time
}

TEST_F(OnTheFake, LosesTheLockInTheMiddle) {
  std::vector<std::string> applied;
  Migrator migrator(lock_, 1h, [&](const std::string& step, std::int64_t) {
    applied.push_back(step);
    zookeeper_.expire_session(client_);
  });
  EXPECT_EQ(migrator.run(), Outcome::interrupted);
  EXPECT_THAT(applied, ElementsAre("add column"));
}

TEST_F(OnTheFake, FindsTheServerAwayAtTheEnd) {
  Migrator migrator(lock_, 1min, [&](const std::string& step, std::int64_t) {
    if (step == "drop table") zookeeper_.kill_server(0);
  });
  EXPECT_EQ(migrator.run(), Outcome::done);

  zookeeper_.start_server(0);
  zookeeper_.advance(1min);
  EXPECT_THAT(zookeeper_.children("/migrations"), IsEmpty());  // nobody is kept waiting
}
// [readme-end]

TEST_F(OnTheFake, FindsTheServerAwayAtFirst) {
  zookeeper_.kill_server(0);
  EXPECT_EQ(Migrator(lock_, 1h, kDoNothing).run(), Outcome::no_server);
}

TEST_F(OnTheFake, DoesNotNoticeThatTheServerIsAwayForAMoment) {
  Migrator migrator(lock_, 1min, [&](const std::string&, std::int64_t) {
    zookeeper_.kill_server(0);
    zookeeper_.start_server(0);
    zookeeper_.advance(1s);
  });
  EXPECT_EQ(migrator.run(), Outcome::done);
}

// --- On a mock of the client ---------------------------------------------------------------------

// [readme: mock of the client]
class OnAMockOfTheClient : public ::testing::Test {
 protected:
  const std::shared_ptr<zklock::testing::MockZooKeeperClient> client_ =
      std::make_shared<StrictMock<zklock::testing::MockZooKeeperClient>>();
  zklock::ZooKeeperLock lock_{{.path = "/migrations"}, client_};
  Migrator migrator_{lock_, 1ms, kDoNothing};  // there is no clock here: it waits in real time
};

TEST_F(OnAMockOfTheClient, FindsItsClaimDeletedAtTheEnd) {
  EXPECT_CALL(*client_, create_protected_ephemeral_sequential)
      .WillOnce(Return(zklock::Created{.path = "/migrations/lock-0000000007"}));
  EXPECT_CALL(*client_, children).WillOnce(Return(zklock::Children{.names = {"lock-0000000007"}}));
  EXPECT_CALL(*client_, remove)
      .WillOnce(Return(zklock::ZooKeeperErrc::no_node));  // somebody deleted it
  EXPECT_EQ(migrator_.run(), Outcome::interrupted);
}
// [readme-end]

TEST_F(OnAMockOfTheClient, TimesOut) {
  EXPECT_CALL(*client_, create_protected_ephemeral_sequential)
      .WillOnce(Return(zklock::Created{.path = "/migrations/lock-0000000007"}));
  EXPECT_CALL(*client_, children)
      .WillOnce(Return(zklock::Children{.names = {"lock-0000000007", "lock-0000000003"}}));
  EXPECT_CALL(*client_, get_and_watch("/migrations/lock-0000000003", _, _))
      .WillOnce(Return(zklock::Znode{.stat = {.ephemeral_owner = 1}}));
  EXPECT_CALL(*client_, remove("/migrations/lock-0000000007", _, _));  // it leaves the queue
  EXPECT_EQ(migrator_.run(), Outcome::locked_out);
}

TEST_F(OnAMockOfTheClient, FindsTheServerAway) {
  EXPECT_CALL(*client_, create_protected_ephemeral_sequential)
      .WillRepeatedly(Return(zklock::ZooKeeperErrc::connection_loss));
  EXPECT_EQ(migrator_.run(), Outcome::no_server);
}

TEST_F(OnAMockOfTheClient, MayNotUseThePath) {
  EXPECT_CALL(*client_, create_protected_ephemeral_sequential)
      .WillOnce(Return(zklock::ZooKeeperErrc::no_auth));
  EXPECT_THROW(migrator_.run(), zklock::LockError);
}

// --- On a mock of the lock -----------------------------------------------------------------------

// [readme: mock of the lock]
class OnAMockOfTheLock : public ::testing::Test {
 protected:
  zklock::testing::LeaseSource source_;
  StrictMock<zklock::testing::MockLock> lock_;
};

TEST_F(OnAMockOfTheLock, LosesTheLockInTheMiddle) {
  const zklock::Lease lease = source_.grant();
  EXPECT_CALL(lock_, do_lock).WillOnce(Return(lease));
  EXPECT_CALL(lock_, do_unlock(A<const zklock::Lease&>(), _));
  Migrator migrator(lock_, 1h, [&](const std::string&, std::int64_t token) {
    EXPECT_EQ(token, lease.fencing_token());
    zklock::testing::LeaseSource::lose(lease, zklock::LossReason::session_expired);
  });
  EXPECT_EQ(migrator.run(), Outcome::interrupted);
}
// [readme-end]

TEST_F(OnAMockOfTheLock, TimesOut) {
  EXPECT_CALL(lock_, do_lock).WillOnce(Throw(zklock::LockError(zklock::Errc::locking_timed_out)));
  EXPECT_EQ(Migrator(lock_, 1h, kDoNothing).run(), Outcome::locked_out);
}

TEST_F(OnAMockOfTheLock, FindsTheServerAway) {
  EXPECT_CALL(lock_, do_lock).WillOnce(Throw(zklock::LockError(zklock::Errc::no_server_answered)));
  EXPECT_EQ(Migrator(lock_, 1h, kDoNothing).run(), Outcome::no_server);
}

TEST_F(OnAMockOfTheLock, FindsTheServerAwayAtTheEnd) {
  EXPECT_CALL(lock_, do_lock).WillOnce(Return(source_.grant()));
  EXPECT_CALL(lock_, do_unlock(A<const zklock::Lease&>(), _))
      .WillOnce(Throw(zklock::LockError(zklock::Errc::unlocking_failed)));
  EXPECT_EQ(Migrator(lock_, 1h, kDoNothing).run(), Outcome::done);
}

}  // namespace
