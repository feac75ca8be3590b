// Every call distinguishes "somebody holds it" from "no server answers".
#include "lock_fixture.h"

namespace zklock {
namespace {

using ::testing::HasSubstr;
using ::testing::Return;
using ::testing::StartsWith;

class LockOutageTest : public LockTest {
 protected:
  static Context soon() { return Context().with_timeout(200ms); }

  void fail_creates(ZooKeeperErrc error) {
    EXPECT_CALL(*zk_, create_protected_ephemeral_sequential).WillRepeatedly(Return(error));
  }

  const TimePasses passes_{time_.time()};
};

TEST_F(LockOutageTest, IsAnErrorOfItsOwnAndTheObserverHearsOfIt) {
  fail_creates(ZooKeeperErrc::operation_timeout);
  ZooKeeperLock lock(config(), zk_);
  const LockError error = error_of([&] { lock.lock(soon()); });
  EXPECT_EQ(error.code(), Errc::no_server_answered);
  EXPECT_EQ(error.code(), std::errc::timed_out);
  EXPECT_THAT(error.what(), StartsWith("no server answered: /locks"));
  EXPECT_EQ(seen_->all("lock_failed").at(0).error->code(), Errc::no_server_answered);
}

TEST_F(LockOutageTest, IsNotTakenForABusyLockByTryLock) {
  fail_creates(ZooKeeperErrc::connection_loss);
  ZooKeeperLock lock(config(), zk_);
  EXPECT_EQ(error_of([&] { static_cast<void>(lock.try_lock()); }).code(), Errc::no_server_answered);
  EXPECT_EQ(error_of([&] { static_cast<void>(lock.try_lock_for(50ms)); }).code(),
            Errc::no_server_answered);
  EXPECT_EQ(error_of([&] { static_cast<void>(lock.try_lock_until(time_.steady_now())); }).code(),
            Errc::no_server_answered);
}

TEST_F(LockOutageTest, IsReturnedByTheCallsThatDoNotThrow) {
  fail_creates(ZooKeeperErrc::connection_loss);
  ZooKeeperLock lock(config(), zk_);
  std::error_code error;
  EXPECT_FALSE(lock.lock(soon(), error));
  EXPECT_EQ(error, Errc::no_server_answered);
  EXPECT_FALSE(lock.try_lock(error));
  EXPECT_EQ(error, Errc::no_server_answered);
}

TEST_F(LockOutageTest, ATryLockWithAnErrorCodeTellsABusyLockAndReturnsALease) {
  zk_->claim(kFirst);
  ZooKeeperLock lock(config(), zk_);
  std::error_code error;
  EXPECT_FALSE(lock.try_lock(error));
  EXPECT_EQ(error, Errc::locking_timed_out);
  EXPECT_EQ(seen_->count("waiting"), 0U);
  zk_->erase(kFirst);
  EXPECT_TRUE(lock.try_lock(error).valid());
  EXPECT_FALSE(error);
}

TEST_F(LockOutageTest, WithoutAListNothingIsKnownOfTheHolder) {
  zk_->claim(kFirst);
  EXPECT_CALL(*zk_, children).WillRepeatedly(Return(ZooKeeperErrc::connection_loss));
  ZooKeeperLock lock(config(), zk_);
  EXPECT_EQ(error_of([&] { lock.lock(soon()); }).code(), Errc::no_server_answered);
}

TEST_F(LockOutageTest, BehindAKnownClaimItIsATimeout) {
  zk_->claim(kFirst);
  EXPECT_CALL(*zk_, get_and_watch).WillRepeatedly(Return(ZooKeeperErrc::connection_loss));
  ZooKeeperLock lock(config(), zk_);
  const LockError error = error_of([&] { lock.lock(soon()); });
  EXPECT_EQ(error.code(), Errc::locking_timed_out);
  EXPECT_THAT(error.what(), HasSubstr(kFirst));
}

TEST_F(LockOutageTest, ARefusalIsAnAnswer) {
  fail_creates(ZooKeeperErrc::throttled);
  ZooKeeperLock lock(config(), zk_);
  const LockError error = error_of([&] { lock.lock(soon()); });
  EXPECT_EQ(error.code(), Errc::locking_timed_out);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::throttled);
  EXPECT_THAT(error.what(), HasSubstr("/locks: the server throttled the request"));
}

TEST_F(LockOutageTest, AClaimThatIsDeletedAgainAndAgainIsATimeout) {
  EXPECT_CALL(*zk_, children).WillRepeatedly(Return(Children{}));
  ZooKeeperLock lock(config(), zk_);
  const LockError error = error_of([&] { lock.lock(soon()); });
  EXPECT_EQ(error.code(), Errc::locking_timed_out);
  EXPECT_THAT(error.what(), HasSubstr("the servers answered"));
}

TEST_F(LockOutageTest, ADirectoryThatIsDeletedAgainAndAgainIsATimeout) {
  fail_creates(ZooKeeperErrc::no_node);
  ZooKeeperLock lock(config(), zk_);
  EXPECT_EQ(error_of([&] { lock.lock(soon()); }).code(), Errc::locking_timed_out);
}

TEST_F(LockOutageTest, ADirectoryThatCannotBeMadeForLackOfAnAnswerIsAnOutage) {
  fail_creates(ZooKeeperErrc::no_node);
  EXPECT_CALL(*zk_, create).WillRepeatedly(Return(ZooKeeperErrc::connection_loss));
  ZooKeeperLock lock(config(), zk_);
  EXPECT_EQ(error_of([&] { lock.lock(soon()); }).code(), Errc::no_server_answered);
}

TEST_F(LockOutageTest, AListThatIsRefusedUntilTheDeadlineIsATimeout) {
  EXPECT_CALL(*zk_, children).WillRepeatedly(Return(ZooKeeperErrc::throttled));
  ZooKeeperLock lock(config(), zk_);
  const LockError error = error_of([&] { lock.lock(soon()); });
  EXPECT_EQ(error.code(), Errc::locking_timed_out);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::throttled);
}

TEST_F(LockOutageTest, EntriesTellItFromAQueueThatIsTooLong) {
  zk_->claim(kFirst);
  const ZooKeeperLock lock(config(), zk_);
  const auto code = [&] {
    return error_of([&] { static_cast<void>(lock.entries(soon())); }).code();
  };
  EXPECT_CALL(*zk_, children).WillRepeatedly(Return(ZooKeeperErrc::operation_timeout));
  EXPECT_EQ(code(), Errc::no_server_answered);
  EXPECT_CALL(*zk_, children).WillRepeatedly(Return(ZooKeeperErrc::throttled));
  EXPECT_EQ(code(), Errc::locking_timed_out);
  EXPECT_CALL(*zk_, children).WillRepeatedly(::testing::DoDefault());
  EXPECT_CALL(*zk_, get).WillRepeatedly(Return(ZooKeeperErrc::operation_timeout));
  EXPECT_EQ(code(), Errc::locking_timed_out) << "the list was answered";
}

TEST_F(LockOutageTest, RenewAndVerifySayThatNoServerConfirmedIt) {
  ZooKeeperLock lock(ttl_config(1min), zk_);
  const Lease lease = lock.lock();
  EXPECT_CALL(*zk_, set).WillRepeatedly(Return(ZooKeeperErrc::connection_loss));
  EXPECT_CALL(*zk_, get).WillRepeatedly(Return(ZooKeeperErrc::connection_loss));
  std::error_code error;
  lease.renew(soon(), error);
  EXPECT_EQ(error, Errc::no_server_answered);
  lease.verify(soon(), error);
  EXPECT_EQ(error, Errc::no_server_answered);
  EXPECT_TRUE(lease.valid());
}

TEST_F(LockOutageTest, ARefusalOfRenewOrVerifyIsAFailure) {
  ZooKeeperLock lock(ttl_config(1min), zk_);
  const Lease lease = lock.lock();
  EXPECT_CALL(*zk_, set).WillRepeatedly(Return(ZooKeeperErrc::throttled));
  EXPECT_CALL(*zk_, get).WillRepeatedly(Return(ZooKeeperErrc::throttled));
  const LockError renewed = error_of([&] { lease.renew(soon()); });
  EXPECT_EQ(renewed.code(), Errc::locking_failed);
  EXPECT_EQ(renewed.cause(), ZooKeeperErrc::throttled);
  const LockError verified = error_of([&] { lease.verify(soon()); });
  EXPECT_EQ(verified.code(), Errc::locking_failed);
  EXPECT_EQ(verified.cause(), ZooKeeperErrc::throttled);
}

TEST_F(LockOutageTest, ACancelledVerifyIsNoOutage) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  std::stop_source stop;
  EXPECT_CALL(*zk_, get).WillRepeatedly([&](const std::string&, const Context&) {
    stop.request_stop();
    return ZooKeeperErrc::connection_loss;
  });
  std::error_code error;
  lease.verify(Context().with_stop_token(stop.get_token()), error);
  EXPECT_EQ(error, Errc::locking_failed);
}

}  // namespace
}  // namespace zklock
