// queueing_round.h: one claim, from the moment it is in the queue until it is granted or given up.
#ifndef ZKLOCK_SRC_LOCK_QUEUEING_ROUND_H_
#define ZKLOCK_SRC_LOCK_QUEUEING_ROUND_H_

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "lock/claim_wait.h"
#include "lock/enqueue.h"
#include "lock/held_claim.h"
#include "lock/lock_call.h"
#include "lock/next_step.h"

namespace zklock::internal {

/// Of the thread that calls `lock`. src/README.md has the states and the reasons.
class QueueingRound {
 public:
  /// REQUIRES: `call` outlives it.
  QueueingRound(LockCall& call, QueuedClaim claim);
  /// Gives the claim up, unless it was granted.
  ~QueueingRound();
  QueueingRound(const QueueingRound&) = delete;
  QueueingRound& operator=(const QueueingRound&) = delete;

  /// Blocks until the claim has the lock (`granted`), is gone, or has to be given up. Errors: those
  /// of the client that trying again does not cure. Throws LockError.
  [[nodiscard]] Result<NextStep> run();

  /// REQUIRES: `run` returned `granted`. Called once.
  [[nodiscard]] std::shared_ptr<HeldClaim> grant();
  /// Removes the claim, in the background if need be.
  void give_up() noexcept;

  /// Path of the claim.
  [[nodiscard]] const std::string& path() const noexcept { return claim_.node.path(); }

 private:
  Result<NextStep> await_turn();
  Result<NextStep> take_place(const Children& queue);
  Result<NextStep> take_place_once(const Children& queue);
  Result<NextStep> claim_the_lock();
  Result<NextStep> write_the_claim();
  Result<NextStep> become_certain_in_time();
  Result<NextStep> become_certain(const Context& context);
  Result<NextStep> look_at_own_claim(const Context& context);
  [[nodiscard]] std::chrono::nanoseconds time_for_a_grant() const;
  [[nodiscard]] std::chrono::nanoseconds time_for_evidence() const;
  [[noreturn]] void fail_as_too_late() const;

  LockCall& call_;
  QueuedClaim claim_;
  std::set<std::string> not_claims_;  // children that look like claims, but are persistent
  std::optional<ClaimWait> wait_;     // none: the claim has not been behind another one
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_QUEUEING_ROUND_H_
