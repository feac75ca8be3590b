// FakeZooKeeper: what goes wrong with requests: lost answers, errors, late events.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <cstdint>
#include <future>
#include <system_error>

#include "support/as_claim_client.h"

namespace zklock::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Operation = FakeZooKeeper::Operation;

class FakeZooKeeperRequests : public ::testing::Test {
 protected:
  FakeZooKeeperRequests() { zookeeper_.create("/locks"); }

  /// The results of a request of each kind, for "/locks/node".
  std::error_code request(Operation operation) {
    switch (operation) {
      case Operation::create:
        return client_->create("/locks/node", "", Acl::open(), {}).error();
      case Operation::remove:
        return client_->remove("/locks/node", ZooKeeperClient::kAnyVersion, {}).error();
      case Operation::set:
        return client_->set("/locks/node", "new", ZooKeeperClient::kAnyVersion, {}).error();
      case Operation::check:
        return testing::as_claim_client(client_)->check("/locks/node", 0, {}).error();
      case Operation::get:
        return client_->get("/locks/node", {}).error();
      case Operation::children:
        return client_->children("/locks", {}).error();
      case Operation::multi:
        return client_->multi({{.type = MultiOperation::Type::check, .path = "/locks/node"}}, {})
            .error;
      case Operation::any:
        break;
    }
    return {};
  }

  FakeZooKeeper zookeeper_;
  const FakeZooKeeper::Client client_ = zookeeper_.connect();
  ZooKeeperLock lock_{{.path = "/locks"}, client_};
};

// --- Lost answers -------------------------------------------------------------------------------

TEST_F(FakeZooKeeperRequests, AWriteWhoseAnswerIsLostIsCarriedOut) {
  zookeeper_.lose_next_answer(Operation::create);
  EXPECT_EQ(request(Operation::create), ZooKeeperErrc::connection_loss);
  EXPECT_TRUE(zookeeper_.get("/locks/node"));

  zookeeper_.lose_next_answer(Operation::set);
  EXPECT_EQ(request(Operation::set), ZooKeeperErrc::connection_loss);
  EXPECT_EQ(zookeeper_.get("/locks/node")->data, "new");

  zookeeper_.lose_next_answer(Operation::remove);
  EXPECT_EQ(request(Operation::remove), ZooKeeperErrc::connection_loss);
  EXPECT_FALSE(zookeeper_.get("/locks/node"));
}

TEST_F(FakeZooKeeperRequests, AnswersToReadsAndChecksGetLostToo) {
  zookeeper_.create("/locks/node");
  for (const Operation operation : {Operation::check, Operation::get, Operation::children}) {
    zookeeper_.lose_next_answer(operation);
    EXPECT_EQ(request(operation), ZooKeeperErrc::connection_loss);
    EXPECT_FALSE(request(operation));
  }
}

TEST_F(FakeZooKeeperRequests, TheConnectionBreaksInsteadOfTheAnswer) {
  const std::uint64_t connection = client_->get("/locks", {})->connection;
  zookeeper_.lose_next_answer(Operation::any);
  EXPECT_EQ(request(Operation::children), ZooKeeperErrc::connection_loss);
  EXPECT_GT(client_->get("/locks", {})->connection, connection);
}

TEST_F(FakeZooKeeperRequests, OnlyTheClientThatIsNamedLosesItsAnswer) {
  const auto other = zookeeper_.connect();
  zookeeper_.lose_next_answer(Operation::children, other);
  EXPECT_FALSE(request(Operation::children));
  EXPECT_EQ(other->children("/locks", {}).error(), ZooKeeperErrc::connection_loss);
}

TEST_F(FakeZooKeeperRequests, OnlyTheOperationThatIsNamedLosesItsAnswer) {
  zookeeper_.lose_next_answer(Operation::create);
  EXPECT_FALSE(request(Operation::children));
  EXPECT_EQ(request(Operation::create), ZooKeeperErrc::connection_loss);
}

TEST_F(FakeZooKeeperRequests, AClaimWhoseCreateWasNotAnsweredIsAdopted) {
  zookeeper_.lose_next_answer(Operation::create, client_);
  const Lease lease = lock_.lock();
  EXPECT_TRUE(lease.valid());
  EXPECT_THAT(zookeeper_.children("/locks"), ElementsAre(lease.znode()));
}

TEST_F(FakeZooKeeperRequests, AnUnlockWhoseRemoveWasNotAnsweredSucceeds) {
  const Lease lease = lock_.lock();
  zookeeper_.lose_next_answer(Operation::remove, client_);
  EXPECT_NO_THROW(lock_.unlock(lease));
  EXPECT_THAT(zookeeper_.children("/locks"), IsEmpty());
}

TEST_F(FakeZooKeeperRequests, ARenewalWhoseSetWasNotAnsweredIsNotDoneTwice) {
  ZooKeeperLock lock({.path = "/locks", .ttl = 10s}, client_);
  const Lease lease = lock.lock();
  zookeeper_.advance(4s);
  zookeeper_.lose_next_answer(Operation::set, client_);
  EXPECT_NO_THROW(lease.renew());
  EXPECT_EQ(zookeeper_.get(lease.znode())->stat.version, 1);
  zookeeper_.advance(9s);
  EXPECT_TRUE(lease.valid());
}

// --- Errors -------------------------------------------------------------------------------------

TEST_F(FakeZooKeeperRequests, ARequestThatFailsDoesNothing) {
  zookeeper_.fail_next(Operation::create, ZooKeeperErrc::no_auth);
  EXPECT_EQ(request(Operation::create), ZooKeeperErrc::no_auth);
  EXPECT_FALSE(zookeeper_.get("/locks/node"));
  EXPECT_FALSE(request(Operation::create));

  zookeeper_.fail_next(Operation::set, ZooKeeperErrc::bad_version);
  EXPECT_EQ(request(Operation::set), ZooKeeperErrc::bad_version);
  EXPECT_EQ(zookeeper_.get("/locks/node")->data, "");

  zookeeper_.fail_next(Operation::remove, ZooKeeperErrc::not_empty);
  EXPECT_EQ(request(Operation::remove), ZooKeeperErrc::not_empty);
  EXPECT_TRUE(zookeeper_.get("/locks/node"));
}

TEST_F(FakeZooKeeperRequests, ReadsAndChecksFailToo) {
  zookeeper_.create("/locks/node");
  for (const Operation operation : {Operation::check, Operation::get, Operation::children}) {
    zookeeper_.fail_next(operation, ZooKeeperErrc::no_node);
    EXPECT_EQ(request(operation), ZooKeeperErrc::no_node);
    EXPECT_FALSE(request(operation));
  }
}

TEST_F(FakeZooKeeperRequests, OnlyErrorsOfServersCanBeRequested) {
  for (const ZooKeeperErrc error : {ZooKeeperErrc::connection_loss, ZooKeeperErrc::session_expired,
                                    ZooKeeperErrc::operation_timeout, ZooKeeperErrc::closing}) {
    EXPECT_THROW(zookeeper_.fail_next(Operation::any, error), std::invalid_argument);
  }
  EXPECT_THROW(zookeeper_.fail_next(Operation::any, ZooKeeperErrc::no_node, 0),
               std::invalid_argument);
}

TEST_F(FakeZooKeeperRequests, FailsTheRequestedNumberOfTimes) {
  zookeeper_.fail_next(Operation::any, ZooKeeperErrc::throttled, 2);
  EXPECT_EQ(request(Operation::children), ZooKeeperErrc::throttled);
  EXPECT_EQ(request(Operation::create), ZooKeeperErrc::throttled);
  EXPECT_FALSE(request(Operation::children));
}

TEST_F(FakeZooKeeperRequests, ALockWithoutPermissionToQueueReportsIt) {
  zookeeper_.fail_next(Operation::create, ZooKeeperErrc::no_auth);
  try {
    lock_.lock();
    ADD_FAILURE() << "it was granted";
  } catch (const LockError& error) {
    EXPECT_EQ(error.code(), Errc::locking_failed);
    EXPECT_EQ(error.cause(), ZooKeeperErrc::no_auth);
  }
  EXPECT_THAT(zookeeper_.children("/locks"), IsEmpty());
}

TEST_F(FakeZooKeeperRequests, AFailedUnlockContinuesInTheBackground) {
  const Lease lease = lock_.lock();
  zookeeper_.fail_next(Operation::remove, ZooKeeperErrc::no_auth);
  std::error_code error;
  lock_.unlock(lease, {}, error);
  EXPECT_EQ(error, Errc::unlocking_failed);
  zookeeper_.advance(1min);
  EXPECT_THAT(zookeeper_.children("/locks"), IsEmpty());
}

// --- Late events --------------------------------------------------------------------------------

TEST_F(FakeZooKeeperRequests, AWaiterGetsADelayedEventLater) {
  ZooKeeperLock theirs({.path = "/locks"}, zookeeper_.connect());
  const Lease lease = lock_.lock();
  auto waiter = zookeeper_.in_background([&] { return theirs.lock(); });
  zookeeper_.settle();
  zookeeper_.delay_watches(3s);
  lock_.unlock(lease);

  zookeeper_.advance(3s - 1ns);
  EXPECT_EQ(waiter.wait_for(0s), std::future_status::timeout);
  zookeeper_.advance(1ns);
  ASSERT_EQ(waiter.wait_for(0s), std::future_status::ready);
  EXPECT_TRUE(waiter.get().valid());
  zookeeper_.let_time_pass();  // the next answers come after delayed events, too
}

TEST_F(FakeZooKeeperRequests, AnAnswerComesAfterTheDelayedEventsBeforeIt) {
  ZooKeeperLock theirs({.path = "/locks"}, zookeeper_.connect());
  const Lease lease = lock_.lock();
  auto waiter = zookeeper_.in_background([&] { return theirs.lock(); });
  zookeeper_.settle();
  zookeeper_.delay_watches(3s);
  zookeeper_.remove(lease.znode());
  auto entries = zookeeper_.in_background([&] { return theirs.entries(); });

  zookeeper_.advance(2s);
  EXPECT_EQ(entries.wait_for(0s), std::future_status::timeout);
  zookeeper_.advance(1s);
  EXPECT_THAT(entries.get(), SizeIs(1));
  EXPECT_TRUE(waiter.get().valid());
  zookeeper_.let_time_pass();
}

}  // namespace
}  // namespace zklock::testing
