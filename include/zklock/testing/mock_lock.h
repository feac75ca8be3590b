// zklock/testing/mock_lock.h: a gmock of zklock::Lock, for the tests of a service. Target
// zklock::mock.
#ifndef ZKLOCK_TESTING_MOCK_LOCK_H_
#define ZKLOCK_TESTING_MOCK_LOCK_H_

#include <gmock/gmock.h>
#include <zklock/lock.h>

#include <string>

namespace zklock::testing {

/// Every call of Lock ends in one of these, so std guards and LockGuard work on it:
///
///     LeaseSource source;
///     MockLock lock;
///     EXPECT_CALL(lock, do_lock).WillOnce(Return(source.grant()));
///     EXPECT_CALL(lock, do_unlock(A<const Lease&>(), _));      // LockGuard's
///
///     EXPECT_CALL(lock, do_lock).WillOnce(Throw(LockError(Errc::locking_timed_out)));   // busy
///     EXPECT_CALL(lock, do_lock).WillOnce(Throw(LockError(Errc::no_server_answered)));  // outage
class MockLock : public Lock {
 public:
  MOCK_METHOD(Lease, do_lock, (const Context& context), (override));
  MOCK_METHOD(void, do_unlock, (const Context& context), (override));
  MOCK_METHOD(void, do_unlock, (const Lease& lease, const Context& context), (override));
  MOCK_METHOD(std::string, do_owner, (), (const, override));
};

}  // namespace zklock::testing

#endif  // ZKLOCK_TESTING_MOCK_LOCK_H_
