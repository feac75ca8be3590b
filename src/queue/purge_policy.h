// purge_policy.h: when a contender may purge the holder. Pure: the caller reads the clocks.
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
  std::optional<Metadata> metadata{};  // none: its data is unreadable
  SteadyTime first_seen{};             // as the first in the queue; it is unchanged since
  bool seen_further_back = false;      // it was seen before it was the first
};

/// A stamp of the servers' clock, and when it arrived here.
struct ServerStamp {
  std::int64_t zxid = 0;
  Stat::Time time{};
  SteadyTime known_at{};
};

/// The settings of the contender.
struct PurgeRule {
  std::chrono::nanoseconds ttl{0};  // of the contender; 0: it never purges
  bool purge_without_ttl = false;
};

/// The time from which on the contender may purge this holder. It may be past. None: not before
/// something changes.
///
/// A holder may be purged once the contender has seen it first and unchanged for its TTL, plus a
/// thousandth for drift, by the contender's steady clock.
///
/// A foreign holder may be purged earlier if two clocks agree that its time is over. By the
/// servers' clock, its last write is older than its TTL (both stamps come from one leader, so from
/// one clock). By the wall clock, the deadline that the holder wrote has passed. In addition it
/// must not have been seen further back: its last write is its grant. If the contender and the
/// leader share a time source that is wrong, the rule errs; kafka-kit itself goes by one clock.
[[nodiscard]] std::optional<SteadyTime> purge_time(const HolderView& holder, const PurgeRule& rule,
                                                   const ServerStamp& own_claim, SteadyTime now,
                                                   WallTime wall_now) noexcept;

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_QUEUE_PURGE_POLICY_H_
