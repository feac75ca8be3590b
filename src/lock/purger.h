// purger.h: removes a holder that is past its TTL.
#ifndef ZKLOCK_SRC_LOCK_PURGER_H_
#define ZKLOCK_SRC_LOCK_PURGER_H_

#include <optional>
#include <string>

#include "base/backoff.h"
#include "base/platform.h"
#include "lock/enqueue.h"
#include "lock/lock_call.h"
#include "lock/next_step.h"
#include "queue/standing.h"

namespace zklock::internal {

/// Of a waiting claim whose lock has a TTL. queue/purge_policy.h has the rule; this class follows
/// it as time goes on, and sends the request. Of the thread that waits.
class Purger {
 public:
  /// REQUIRES: `call` and `claim` outlive it.
  Purger(LockCall& call, const QueuedClaim& claim) : call_(call), claim_(claim) {}

  /// When to call `purge`. None: not before the holder was read again.
  [[nodiscard]] std::optional<SteadyTime> due_at() const noexcept { return due_at_; }
  [[nodiscard]] bool is_due() const {
    return due_at_ && *due_at_ <= Platform::current().steady_now();
  }

  /// The claim has another place: nothing is due until the holder is read.
  void forget_plan() noexcept { due_at_.reset(); }
  /// Plans for the holder as it was read. REQUIRES: call.ahead.holder.
  void plan(const Standing& standing);
  /// The holder could not be read: look again later.
  void plan_another_look();

  /// Purges the holder if its time is over. `list_again`: it is gone, or was renewed in between.
  /// Throws LockError(expire_lock_failed) without the permission; other errors are those of the
  /// request. REQUIRES: call.ahead.holder; a claim further back has read it just now.
  [[nodiscard]] Result<NextStep> purge(const Standing& standing);

 private:
  [[nodiscard]] std::optional<SteadyTime> time_for_purge(SteadyTime now) const;

  LockCall& call_;
  const QueuedClaim& claim_;
  std::optional<SteadyTime> due_at_;
  std::string purged_in_vain_;  // path of the holder that was gone, or renewed, when it was purged
  Backoff vain_purges_;         // between attempts at that one
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_PURGER_H_
