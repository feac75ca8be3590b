// holder_memory.h: what one lock has seen of the holders of its queue.
#ifndef ZKLOCK_SRC_QUEUE_HOLDER_MEMORY_H_
#define ZKLOCK_SRC_QUEUE_HOLDER_MEMORY_H_

#include <zklock/znode.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/platform.h"
#include "queue/metadata.h"
#include "queue/purge_policy.h"

namespace zklock::internal {

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
  Mutex mutex_;
  std::int64_t known_queue_ ZKLOCK_GUARDED_BY(mutex_) =
      0;                                        // all claims older than this one were listed
  std::string head_ ZKLOCK_GUARDED_BY(mutex_);  // that was listed last
  std::int64_t known_before_head_ ZKLOCK_GUARDED_BY(mutex_) =
      0;                                                // known_queue_ before it was listed
  std::int64_t czxid_ ZKLOCK_GUARDED_BY(mutex_) = 0;    // of the head that was read last; 0: none
  std::int32_t version_ ZKLOCK_GUARDED_BY(mutex_) = 0;  // of its data then
  SteadyTime first_seen_ ZKLOCK_GUARDED_BY(mutex_){};   // when it was read so for the first time
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_QUEUE_HOLDER_MEMORY_H_
