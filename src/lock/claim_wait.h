// claim_wait.h: the wait of one claim behind others.
#ifndef ZKLOCK_SRC_LOCK_CLAIM_WAIT_H_
#define ZKLOCK_SRC_LOCK_CLAIM_WAIT_H_

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/context_wait.h"
#include "base/platform.h"
#include "lock/enqueue.h"
#include "lock/local_queue.h"
#include "lock/lock_call.h"
#include "lock/neighbours.h"
#include "lock/next_step.h"
#include "lock/purger.h"
#include "queue/standing.h"

namespace zklock::internal {

/// From the list in which the claim was not first, until it is first or gone. Of the thread that
/// waits.
class ClaimWait {
 public:
  /// `not_claims`: the children that turned out to be no claims. REQUIRES: all of them outlive it.
  ClaimWait(LockCall& call, QueuedClaim& claim, std::set<std::string>& not_claims);

  /// Blocks until the claim has to do something. Never returns `keep_waiting`. Errors: those of the
  /// client.
  [[nodiscard]] Result<NextStep> wait_at(Standing standing);
  /// Notifies the claims of this process that wait behind this one.
  void become_first() const noexcept {
    if (progress_) progress_->become_first();
  }
  /// See Neighbours.
  [[nodiscard]] bool own_is_gone() const { return neighbours_.own_is_gone(); }
  [[nodiscard]] std::shared_ptr<ClaimWatch> take_own_watch() noexcept {
    return neighbours_.take_own();
  }

 private:
  // These return `keep_waiting` to go on.
  Result<NextStep> prepare_to_wait();
  Result<NextStep> watch_ahead();
  Result<NextStep> do_what_is_due();
  Result<NextStep> begin_long_wait();
  Result<NextStep> say_that_it_waits();
  Result<NextStep> read_holder();
  Result<NextStep> purge_holder();
  Result<NextStep> wait_for_events(ContextWait& wait);

  void report_place();
  void note_holder(const Znode& holder);
  [[nodiscard]] bool is_long() const noexcept { return !long_wait_at_; }
  [[nodiscard]] SteadyTime wakes_at() const;

  LockCall& call_;
  QueuedClaim& claim_;
  std::set<std::string>& not_claims_;
  Neighbours neighbours_;
  const std::unique_ptr<Purger> purger_;  // null: the lock has no TTL
  std::shared_ptr<LocalClaim> progress_;  // for the claims behind; null: not shared with them
  Standing standing_;                     // according to the last list
  std::string reported_ahead_;            // the claim that was reported to be just ahead

  // When to take these steps. None: not at all, or taken already.
  std::optional<SteadyTime> long_wait_at_;
  std::optional<SteadyTime> watches_own_at_;
  std::optional<SteadyTime> last_look_at_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_CLAIM_WAIT_H_
