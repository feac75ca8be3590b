// Until when a command may run under a lease.
#ifndef ZKLOCK_SRC_CLI_RUN_LIMITS_H_
#define ZKLOCK_SRC_CLI_RUN_LIMITS_H_

#include <zklock/lock.h>

#include <chrono>
#include <optional>

#include "cli/supervision.h"

namespace zklock::cli {

/// How long before the end of a lease SIGTERM comes, and so on.
class RunMargins {
 public:
  /// `asked`: how long before it SIGTERM comes; by default 5 s, or two thirds of what fits the
  /// lease.
  /// `ttl`: 0 for none. Throws std::invalid_argument for what a lease in good order would fall
  /// below.
  RunMargins(std::optional<std::chrono::nanoseconds> asked, const Lease& lease,
             std::chrono::milliseconds ttl);

  /// As of now.
  [[nodiscard]] RunLimits limits_of(const Lease& lease) const;

  [[nodiscard]] std::chrono::milliseconds kill_after() const noexcept { return kill_after_; }
  /// SIGKILL comes so long before the end of the lease. On a busy machine it takes a moment until a
  /// process has ended, and only then its children are found. The claim may go as soon as the lease
  /// ends, if the session had just begun.
  [[nodiscard]] std::chrono::milliseconds kill_before() const noexcept;

 private:
  std::chrono::milliseconds always_left_;  // by a lease in good order
  std::chrono::milliseconds kill_after_;
};

/// A third is far from the end, and seldom enough for those who watch the claim.
[[nodiscard]] constexpr std::chrono::milliseconds time_to_renew(std::chrono::milliseconds ttl) {
  return ttl / 3;
}

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_RUN_LIMITS_H_
