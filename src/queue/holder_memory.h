// holder_memory.h: what one lock has seen of the holders of its queue, across calls.
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

/// Thread safety: all of it may be called from any thread.
class HolderMemory {
 public:
  /// A list that was made after the creation of the claim `own_czxid` has `holder` first.
  void listed(const std::string& holder, std::int64_t own_czxid);
  /// The claim `holder` was read. Returns it with the memory of it. REQUIRES: it was listed.
  [[nodiscard]] HolderView see(const std::string& holder, const Stat& stat,
                               std::optional<Metadata> metadata, SteadyTime now);

 private:
  Mutex mutex_;
  // Every claim that is older than this one was seen in a list.
  std::int64_t known_queue_ ZKLOCK_GUARDED_BY(mutex_) = 0;
  std::string holder_ ZKLOCK_GUARDED_BY(mutex_);  // by the last list
  // known_queue_ when holder_ was listed first.
  std::int64_t known_before_holder_ ZKLOCK_GUARDED_BY(mutex_) = 0;
  std::int64_t czxid_ ZKLOCK_GUARDED_BY(mutex_) = 0;    // of the holder that was read last; 0: none
  std::int32_t version_ ZKLOCK_GUARDED_BY(mutex_) = 0;  // of its data then
  SteadyTime first_seen_ ZKLOCK_GUARDED_BY(mutex_){};   // when this version was read first
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_QUEUE_HOLDER_MEMORY_H_
