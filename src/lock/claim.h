// claim.h: one call of `lock`: queues a claim, and a new one if it disappears, until it is granted.
#ifndef ZKLOCK_SRC_LOCK_CLAIM_H_
#define ZKLOCK_SRC_LOCK_CLAIM_H_

#include <memory>
#include <string>
#include <system_error>

#include "lock/enqueue.h"
#include "lock/held_claim.h"
#include "lock/lock_call.h"

namespace zklock::internal {

/// A claim that disappears from the queue is replaced by a new one, in another QueueingRound. Of
/// the thread that calls `lock`.
class Claim {
 public:
  /// REQUIRES: `memory` and `uncontended_path` outlive it.
  Claim(std::shared_ptr<const LockSettings> settings, HolderMemory& memory,
        UncontendedPath& uncontended_path, std::string owner, std::string trace, Context context);

  /// Queues, and blocks until a claim is granted. Throws LockError: then no claim is left in the
  /// queue. Called once.
  std::shared_ptr<HeldClaim> acquire();

 private:
  [[nodiscard]] std::shared_ptr<HeldClaim> queue_once();
  [[nodiscard]] QueuedClaim put_into_queue() const;
  [[noreturn]] void fail(std::error_code error) const;

  LockCall call_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_CLAIM_H_
