// rfc3339.h: points in time as text: "2026-11-23T08:43:32.627752090Z".
#ifndef ZKLOCK_SRC_BASE_RFC3339_H_
#define ZKLOCK_SRC_BASE_RFC3339_H_

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace zklock::internal {

using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

/// An RFC 3339 time with any offset and number of fraction digits (those beyond the ninth are cut
/// off). None: it is malformed, beyond the range of WallTime, or a leap second.
[[nodiscard]] std::optional<WallTime> parse_rfc3339(std::string_view text) noexcept;

/// In UTC, always with nine fraction digits.
[[nodiscard]] std::string to_rfc3339(WallTime time);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_RFC3339_H_
