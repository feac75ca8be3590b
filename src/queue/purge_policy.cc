#include "queue/purge_policy.h"

#include <zklock/context.h>

#include <algorithm>
#include <utility>

namespace zklock::internal {

namespace {

/// The upper half of a zxid is the epoch of the leader that gave it.
bool are_of_one_leader(std::int64_t zxid, std::int64_t other) noexcept {
  constexpr int kCounterBits = 32;
  return zxid >> kCounterBits == other >> kCounterBits;
}

/// The holder's clock may run slower than this one.
std::chrono::nanoseconds with_drift(std::chrono::nanoseconds ttl) noexcept {
  constexpr int kPartsOfDrift = 1'000;
  return saturated_sum(ttl, ttl / kPartsOfDrift);
}

/// When the two clocks will agree that the TTL is over, if nothing changes. None: they decide
/// nothing.
std::optional<SteadyTime> time_by_two_clocks(const HolderView& holder, std::chrono::nanoseconds ttl,
                                             const ServerStamp& own_claim, SteadyTime now,
                                             WallTime wall_now) noexcept {
  if (!holder.metadata || !holder.metadata->is_foreign || holder.seen_further_back) {
    return std::nullopt;
  }
  if (!holder.metadata->ttl_deadline) return std::nullopt;
  if (!are_of_one_leader(holder.stat.mzxid, own_claim.zxid)) return std::nullopt;
  // We extrapolate server time from our claim's stamp with our drifting clock: good for about one
  // TTL. A holder that was written after our claim is timed by our own clock alone.
  if (holder.stat.mzxid > own_claim.zxid) return std::nullopt;
  const std::chrono::nanoseconds age_at_own_claim =
      saturated_difference(saturated(own_claim.time.time_since_epoch()),
                           saturated(holder.stat.mtime.time_since_epoch()));
  // The stamps have a resolution of 1 ms: add one.
  const std::chrono::nanoseconds left_at_own_claim =
      saturated_difference(saturated_sum(ttl, std::chrono::milliseconds(1)), age_at_own_claim);
  const std::chrono::nanoseconds left_by_server =
      saturated_difference(saturated_sum(own_claim.known_at, left_at_own_claim), now);
  const std::chrono::nanoseconds left_by_holder =
      saturated_difference(*holder.metadata->ttl_deadline, wall_now);
  return saturated_sum(now, std::max(left_by_server, left_by_holder));
}

}  // namespace

std::optional<SteadyTime> purge_time(const HolderView& holder, const PurgeRule& rule,
                                     const ServerStamp& own_claim, SteadyTime now,
                                     WallTime wall_now) noexcept {
  if (rule.ttl.count() <= 0) return std::nullopt;
  std::optional<std::chrono::nanoseconds> ttl =
      holder.metadata ? holder.metadata->ttl() : std::nullopt;
  if (!ttl) {
    if (!rule.purge_without_ttl) return std::nullopt;
    return saturated_sum(holder.first_seen, with_drift(rule.ttl));
  }
  ttl = with_drift(*ttl);
  SteadyTime time = saturated_sum(holder.first_seen, *ttl);
  if (const auto agreed = time_by_two_clocks(holder, *ttl, own_claim, now, wall_now)) {
    time = std::min(time, *agreed);
  }
  return time;
}

}  // namespace zklock::internal
