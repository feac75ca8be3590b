// queue_ahead.h: the claims ahead, as far as a call of `lock` knows them.
#ifndef ZKLOCK_SRC_LOCK_QUEUE_AHEAD_H_
#define ZKLOCK_SRC_LOCK_QUEUE_AHEAD_H_

#include <zklock/advanced/claim_client.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "queue/purge_policy.h"

namespace zklock::internal {

/// According to the last list. Of the thread that calls `lock`.
struct QueueAhead {
  std::shared_ptr<const ClaimClient> client{};  // that has listed them; null: nothing was listed
  std::size_t claims_ahead = 0;
  std::string holder_path{};           // path of the first claim
  std::optional<HolderView> holder{};  // the first claim, if it was read since

  /// For error texts: who holds the lock, and how many claims are ahead. "" if none is.
  [[nodiscard]] std::string description() const;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_QUEUE_AHEAD_H_
