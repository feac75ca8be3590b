// enqueue.h: puts a claim into the queue.
#ifndef ZKLOCK_SRC_LOCK_ENQUEUE_H_
#define ZKLOCK_SRC_LOCK_ENQUEUE_H_

#include <zklock/advanced/claim_client.h>

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/platform.h"
#include "lock/claim_node.h"
#include "lock/claim_watch.h"
#include "lock/lock_call.h"
#include "queue/purge_policy.h"

namespace zklock::internal {

/// A watch on a claim.
struct WatchedClaim {
  std::string name{};  // of the claim
  std::shared_ptr<ClaimWatch> watch{};
  Znode znode{};  // the claim when the watch was set, if it was read
};

/// A claim that is in the queue. Of the thread that calls `lock`.
struct QueuedClaim {
  std::shared_ptr<ClaimClient> client{};  // the client of the claim's session
  CreatedClaim created{};
  ClaimNode node{};                         // path "": the claim was granted, or given up
  std::stop_token session_lost{};           // of the claim's session
  BootTime sent_at{};                       // before its create, or its last write, was sent
  ServerStamp stamp{};                      // of its create
  Result<Children> first_list{Children{}};  // the queue when the claim was in it
  std::optional<WatchedClaim> ahead{};      // the claim just ahead, if it is watched already
};

/// Creates a claim, and the lock's directory if it is missing. Tries again after retryable errors,
/// until the context ends. Error: how the last attempt ended; `Errc::locking_timed_out` if the
/// servers answered, but the time was too short.
[[nodiscard]] Result<QueuedClaim> enqueue(const LockCall& call);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_ENQUEUE_H_
