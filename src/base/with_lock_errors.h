// with_lock_errors.h: reports failures of the system as the lock's own errors.
#ifndef ZKLOCK_SRC_BASE_WITH_LOCK_ERRORS_H_
#define ZKLOCK_SRC_BASE_WITH_LOCK_ERRORS_H_

#include <zklock/error.h>

#include <system_error>

namespace zklock::internal {

/// Runs `make`. Throws LockError(locking_failed) with the system's error as its cause if the system
/// has no thread left.
template <class Make>
auto with_lock_errors(const Make& make) -> decltype(make()) {
  try {
    return make();
  } catch (const LockError&) {
    throw;
  } catch (const std::system_error& error) {
    throw LockError(Errc::locking_failed, error.what(), error.code());
  }
}

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_WITH_LOCK_ERRORS_H_
