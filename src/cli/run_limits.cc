#include "cli/run_limits.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace zklock::cli {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds kUsualKillAfter = 5s;
constexpr milliseconds kLongestKillBefore = 500ms;

milliseconds always_left_of(const Lease& lease, milliseconds ttl) {
  // A renewal may be under way.
  const milliseconds of_ttl = ttl.count() == 0 ? milliseconds(1h) : ttl - 2 * time_to_renew(ttl);
  return std::min(lease.longest_margin(), of_ttl);
}

/// What is left of it is for slow answers.
milliseconds usual_part_of(milliseconds always_left) { return (2 * always_left + 2ms) / 3; }

std::string to_text(std::chrono::nanoseconds duration) {
  return std::to_string(std::chrono::ceil<milliseconds>(duration).count()) + "ms";
}

}  // namespace

RunMargins::RunMargins(std::optional<std::chrono::nanoseconds> asked, const Lease& lease,
                       milliseconds ttl)
    : always_left_(always_left_of(lease, ttl)),
      kill_after_(asked ? std::chrono::ceil<milliseconds>(*asked)
                        : std::min(kUsualKillAfter, usual_part_of(always_left_))) {
  if (kill_after_ <= always_left_) return;
  throw std::invalid_argument(
      "--kill-after " + to_text(kill_after_) +
      " does not fit: with the session that the servers have granted, and " +
      "the TTL, no more than " + to_text(always_left_) + " may be left while all is well");
}

milliseconds RunMargins::kill_before() const noexcept {
  return std::min(kLongestKillBefore, always_left_ / 5);
}

RunLimits RunMargins::limits_of(const Lease& lease) const {
  const BootTime now = boot_now();  // first: so what is left is not overestimated
  return {.lease_end = now + std::min<std::chrono::nanoseconds>(lease.remaining(), 24h),
          .term_before = kill_after_,
          .kill_before = kill_before(),
          .ask_before = always_left_ / 6};
}

}  // namespace zklock::cli
