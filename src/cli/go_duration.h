// Durations as Go writes them: "3s", "500ms", "1m30s".
#ifndef ZKLOCK_SRC_CLI_GO_DURATION_H_
#define ZKLOCK_SRC_CLI_GO_DURATION_H_

#include <chrono>
#include <string>
#include <string_view>

namespace zklock::cli {

/// Parses `text` like Go's time.ParseDuration: an optional sign, then numbers with an optional
/// fraction, each with its unit: h, m, s, ms, us (or µs), ns. Only "0" needs no unit. Throws
/// std::invalid_argument, whose message says what is wrong.
[[nodiscard]] std::chrono::nanoseconds parse_go_duration(std::string_view text);

/// The value of `flag`. Throws the same, with the flag's name in front, and also if it is not more
/// than 0.
[[nodiscard]] std::chrono::nanoseconds parse_positive(const std::string& flag,
                                                      const std::string& text);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_GO_DURATION_H_
