// MockLock and LeaseSource, as the tests of a service use them.
#include <gtest/gtest.h>
#include <zklock/testing/lease_source.h>
#include <zklock/testing/mock_lock.h>

#include <mutex>
#include <stdexcept>

namespace zklock::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::_;
using ::testing::A;
using ::testing::InSequence;
using ::testing::Return;
using ::testing::StrictMock;
using ::testing::Throw;

/// A service: adds up, for as long as it holds the lock.
class Counter {
 public:
  explicit Counter(Lock& lock) : lock_(lock) {}

  void add(int number) {
    LockGuard guard(lock_, Context().with_timeout(3s));
    if (!guard.lease().valid()) throw std::runtime_error("lost before it began");
    last_token = guard.lease().fencing_token();
    sum += number;
    guard.unlock();
  }

  int sum = 0;
  std::int64_t last_token = 0;

 private:
  Lock& lock_;
};

class MockLockTest : public ::testing::Test {
 protected:
  /// Grants a call that must not wait, and has a deadline.
  Lease grant_an_attempt(const Context& context) {
    EXPECT_FALSE(context.may_wait());
    EXPECT_TRUE(context.deadline());
    return source_.grant();
  }

  LeaseSource source_;
  StrictMock<MockLock> lock_;
  Counter counter_{lock_};
};

TEST_F(MockLockTest, AServiceTakesItsLockAndGivesItBack) {
  const Lease lease = source_.grant();
  const InSequence in_this_order;
  EXPECT_CALL(lock_, do_lock).WillOnce([&](const Context& context) {
    EXPECT_TRUE(context.deadline());
    return lease;
  });
  EXPECT_CALL(lock_, do_unlock(A<const Lease&>(), _))
      .WillOnce([&](const Lease& given, const auto&) { EXPECT_EQ(given, lease); });
  counter_.add(3);
  EXPECT_EQ(counter_.sum, 3);
  EXPECT_EQ(counter_.last_token, lease.fencing_token());
}

TEST_F(MockLockTest, AServiceThatDoesNotGetItsLockDoesNothing) {
  EXPECT_CALL(lock_, do_lock).WillOnce(Throw(LockError(Errc::locking_timed_out)));
  EXPECT_THROW(counter_.add(3), LockError);
  EXPECT_EQ(counter_.sum, 0);
}

TEST_F(MockLockTest, AServiceThatLosesItsLockStops) {
  const Lease lease = source_.grant();
  LeaseSource::lose(lease);
  EXPECT_CALL(lock_, do_lock).WillOnce(Return(lease));
  EXPECT_CALL(lock_, do_unlock(A<const Lease&>(), _)).WillOnce(Throw(LockError(Errc::lock_lost)));
  EXPECT_THROW(counter_.add(3), std::runtime_error);  // the guard's destructor does not throw
  EXPECT_EQ(counter_.sum, 0);
}

TEST_F(MockLockTest, TheGuardPassesTheErrorOfUnlockOn) {
  EXPECT_CALL(lock_, do_lock).WillOnce(Return(source_.grant()));
  EXPECT_CALL(lock_, do_unlock(A<const Lease&>(), _))
      .WillOnce(Throw(LockError(Errc::unlocking_failed)));
  EXPECT_THROW(counter_.add(3), LockError);
}

TEST_F(MockLockTest, StdGuardsMakeTheSameCalls) {
  EXPECT_CALL(lock_, do_lock).Times(3).WillRepeatedly(Return(source_.grant()));
  EXPECT_CALL(lock_, do_unlock(A<const Context&>())).Times(3);
  { const std::lock_guard<Lock> guard(lock_); }
  { const std::scoped_lock guard(lock_); }
  {
    const std::unique_lock<Lock> guard(lock_, 3s);
    EXPECT_TRUE(guard.owns_lock());
  }
}

TEST_F(MockLockTest, StdGuardsSurviveAnUnlockThatThrows) {
  EXPECT_CALL(lock_, do_lock).WillOnce(Return(source_.grant()));
  EXPECT_CALL(lock_, do_unlock(A<const Context&>()))
      .WillOnce(Throw(LockError(Errc::unlocking_failed)));
  const std::lock_guard<Lock> guard(lock_);
}

TEST_F(MockLockTest, TryLockIsALockThatMayNotWait) {
  EXPECT_CALL(lock_, do_lock)
      .WillOnce([this](const Context& context) { return grant_an_attempt(context); })
      .WillOnce(Throw(LockError(Errc::locking_timed_out)))
      .WillOnce(Throw(LockError(Errc::no_server_answered)))
      .WillOnce(Throw(LockError(Errc::locking_failed)));
  EXPECT_TRUE(lock_.try_lock());
  EXPECT_FALSE(lock_.try_lock());
  EXPECT_THROW(static_cast<void>(lock_.try_lock()), LockError);
  EXPECT_THROW(static_cast<void>(lock_.try_lock()), LockError);
}

TEST_F(MockLockTest, TryLockForAndUntilMayWait) {
  EXPECT_CALL(lock_, do_lock)
      .WillOnce([&](const Context& context) {
        EXPECT_TRUE(context.may_wait());
        EXPECT_TRUE(context.deadline());
        return source_.grant();
      })
      .WillOnce(Throw(LockError(Errc::locking_timed_out)));
  EXPECT_TRUE(lock_.try_lock_for(1s));
  EXPECT_FALSE(lock_.try_lock_until(std::chrono::system_clock::now() + 1h));
}

TEST_F(MockLockTest, ATimeoutAloneIsAContextWithThatTimeout) {
  EXPECT_CALL(lock_, do_lock).Times(3).WillRepeatedly([&](const Context& context) {
    EXPECT_TRUE(context.may_wait());
    EXPECT_LE(context.deadline(), std::chrono::steady_clock::now() + 3s);
    return source_.grant();
  });
  EXPECT_CALL(lock_, do_unlock(A<const Lease&>(), _));
  EXPECT_TRUE(lock_.lock(3s));
  EXPECT_TRUE(lock_.lock_for(1.5s));
  const LockGuard guard(lock_, 2'000ms);
  EXPECT_TRUE(guard.lease().valid());
}

TEST_F(MockLockTest, TryLockWithAnErrorCodeReturnsTheLease) {
  EXPECT_CALL(lock_, do_lock)
      .WillOnce([this](const Context& context) { return grant_an_attempt(context); })
      .WillOnce(Throw(LockError(Errc::locking_timed_out)))
      .WillOnce(Throw(LockError(Errc::no_server_answered)));
  std::error_code error = Errc::locking_failed;
  static_assert(noexcept(lock_.try_lock(error)));
  EXPECT_TRUE(lock_.try_lock(error).valid());
  EXPECT_FALSE(error);
  EXPECT_FALSE(lock_.try_lock(error));
  EXPECT_EQ(error, Errc::locking_timed_out);
  EXPECT_FALSE(lock_.try_lock(error));
  EXPECT_EQ(error, Errc::no_server_answered);
}

TEST_F(MockLockTest, EmptyBracesAreAContext) {
  EXPECT_CALL(lock_, do_lock).Times(2).WillRepeatedly([&](const Context& context) {
    EXPECT_FALSE(context.deadline());
    return source_.grant();
  });
  EXPECT_CALL(lock_, do_unlock(A<const Lease&>(), _));
  EXPECT_TRUE(lock_.lock({}));
  const LockGuard guard(lock_, {});
}

TEST_F(MockLockTest, ErrorCodeOverloadsReturnTheThrownError) {
  EXPECT_CALL(lock_, do_lock)
      .WillOnce(Throw(LockError(Errc::locking_canceled)))
      .WillOnce(Throw(std::bad_alloc()))
      .WillOnce(Throw(7))
      .WillOnce(Return(source_.grant()));
  std::error_code error;
  EXPECT_FALSE(lock_.lock({}, error));
  EXPECT_EQ(error, Errc::locking_canceled);
  EXPECT_FALSE(lock_.lock({}, error));
  EXPECT_EQ(error, std::errc::not_enough_memory);
  EXPECT_FALSE(lock_.lock({}, error));
  EXPECT_EQ(error, std::errc::state_not_recoverable);
  EXPECT_TRUE(lock_.lock({}, error));
  EXPECT_FALSE(error);
}

TEST_F(MockLockTest, OwnerIsSetByTheTest) {
  EXPECT_CALL(lock_, do_owner).WillOnce(Return("user1"));
  EXPECT_EQ(lock_.owner(), "user1");
}

}  // namespace
}  // namespace zklock::testing
