// soon.h: the context of calls that are expected to succeed.
#ifndef ZKLOCK_TESTS_SUPPORT_SOON_H_
#define ZKLOCK_TESTS_SUPPORT_SOON_H_

#include <zklock/context.h>

#include "support/long_enough.h"

namespace zklock::test {

/// Its deadline ends tests that fail.
inline Context soon() { return Context().with_timeout(kLongEnough); }

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_SUPPORT_SOON_H_
