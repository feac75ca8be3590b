// purge_policy.h: when a contender may remove the holder's claim. Pure: the clocks are read
// elsewhere.
#ifndef ZKLOCK_SRC_PURGE_POLICY_H_
#define ZKLOCK_SRC_PURGE_POLICY_H_

#include <zklock/znode.h>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "metadata.h"
#include "platform.h"

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

/// What one lock has seen of the head of its queue, across calls.
/// Thread safety: all of it may be called from any thread.
class HolderMemory {
 public:
  /// A list that was made at or after the creation of the own claim `own_czxid` has `head` first.
  void listed(const std::string& head, std::int64_t own_czxid);
  /// The claim `head` was read. Returns what is known of it. REQUIRES: it was listed.
  [[nodiscard]] HolderView see(const std::string& head, const Stat& stat,
                               std::optional<Metadata> metadata, SteadyTime now);

 private:
  std::mutex mutex_;
  std::int64_t known_queue_ = 0;  // guarded by mutex_: all claims older than this one were listed
  std::string head_;              // guarded by mutex_: that was listed last
  std::int64_t known_before_head_ = 0;  // guarded by mutex_: known_queue_ before it was listed
  std::int64_t czxid_ = 0;    // guarded by mutex_: of the head that was read last; 0: none
  std::int32_t version_ = 0;  // guarded by mutex_: of its data then
  SteadyTime first_seen_{};   // guarded by mutex_: when it was read so for the first time
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_PURGE_POLICY_H_
