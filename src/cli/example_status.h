// The exit status of zookeeper-example.
#ifndef ZKLOCK_SRC_CLI_EXAMPLE_STATUS_H_
#define ZKLOCK_SRC_CLI_EXAMPLE_STATUS_H_

namespace zklock::cli {

inline constexpr int kSuccess = 0;
inline constexpr int kFailure = 1;  // not acquired, or not released
inline constexpr int kBadFlags = 2;
inline constexpr int kLockLost = 3;
inline constexpr int kNoServer = 4;  // none answered, so it is unknown who holds the lock

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_EXAMPLE_STATUS_H_
