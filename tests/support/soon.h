// soon.h: how long the calls of a test may take.
#ifndef ZKLOCK_TESTS_SUPPORT_SOON_H_
#define ZKLOCK_TESTS_SUPPORT_SOON_H_

#include <zklock/context.h>

#include <chrono>

#include "support/long_enough.h"

namespace zklock::test {

/// Its deadline ends tests that fail.
inline Context soon() { return Context().with_timeout(kLongEnough); }

/// For a lock that stays with others. Servers of a busy machine answer in this time, so that the
/// call ends with `locking_timed_out`.
constexpr std::chrono::milliseconds kInVain{500};
inline Context in_vain() { return Context().with_timeout(kInVain); }

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_SUPPORT_SOON_H_
