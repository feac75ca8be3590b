// long_enough.h: how long tests wait for what is expected to happen.
#ifndef ZKLOCK_TESTS_SUPPORT_LONG_ENOUGH_H_
#define ZKLOCK_TESTS_SUPPORT_LONG_ENOUGH_H_

#include <chrono>

namespace zklock::test {

/// Outlasts any pause of a busy machine; only tests that fail wait for so long.
inline constexpr std::chrono::seconds kLongEnough{30};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_SUPPORT_LONG_ENOUGH_H_
