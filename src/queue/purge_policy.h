// purge_policy.h: when a contender may remove the holder's claim. Pure: the clocks are read
// elsewhere.
#ifndef ZKLOCK_SRC_QUEUE_PURGE_POLICY_H_
#define ZKLOCK_SRC_QUEUE_PURGE_POLICY_H_

#include <zklock/znode.h>

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/platform.h"
#include "queue/metadata.h"

namespace zklock::internal {

/// The holder's claim, as this contender knows it.
struct HolderView {
  Stat stat{};
  std::optional<Metadata> metadata{};  // none: unreadable, or not ours
  SteadyTime first_seen{};             // first in the queue, and unchanged since
  bool seen_further_back = false;      // before it was first
};

/// A stamp of the servers' clock, and when it was known here.
struct ServerStamp {
  std::int64_t zxid = 0;
  Stat::Time time{};
  SteadyTime known_at{};
};

/// What the contender is set to.
struct PurgeRule {
  std::chrono::nanoseconds ttl{0};  // its own; 0: it never purges
  bool purge_without_ttl = false;
};

/// From when on the contender may purge this holder, as far as it can be told now; it may be past.
/// None: not before something changes.
///
/// A claim may be purged once it has been seen first and unchanged for its TTL, and a thousandth
/// for drift, by the contender's own steady clock. It may be purged earlier if two clocks agree,
/// neither of them the contender's alone: the servers' (its last write is older than the TTL; both
/// stamps of one leader, so of one clock) and the holder's (its deadline has passed by the
/// contender's wall clock); and if it can not have been granted later than its last write: it does
/// not say that it waits, and was not seen to.
[[nodiscard]] std::optional<SteadyTime> purge_time(const HolderView& holder, const PurgeRule& rule,
                                                   const ServerStamp& own_claim, SteadyTime now,
                                                   WallTime wall_now) noexcept;

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_QUEUE_PURGE_POLICY_H_
