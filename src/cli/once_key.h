// The key of `zklock run --once`.
#ifndef ZKLOCK_SRC_CLI_ONCE_KEY_H_
#define ZKLOCK_SRC_CLI_ONCE_KEY_H_

#include <chrono>
#include <string>

namespace zklock::cli {

/// With "2026-11-29" for {date}, and "2026-11-29T17" for {hour}: of UTC, so that machines in
/// different time zones have the same. Throws std::invalid_argument for anything else in braces.
[[nodiscard]] std::string expand_key(const std::string& key,
                                     std::chrono::system_clock::time_point now);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_ONCE_KEY_H_
