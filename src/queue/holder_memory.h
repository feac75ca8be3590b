// holder_memory.h: what one lock has seen of the holders of its queue, across calls.
#ifndef ZKLOCK_SRC_QUEUE_HOLDER_MEMORY_H_
#define ZKLOCK_SRC_QUEUE_HOLDER_MEMORY_H_

#include <zklock/znode.h>

#include <cstdint>
#include <memory>
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
  struct Known {
    // Every claim that is older than this one was seen in a list.
    std::int64_t queue = 0;
    std::string holder{};            // by the last list
    std::int64_t before_holder = 0;  // `queue` when that holder was listed first
    std::int64_t czxid = 0;          // of the holder that was read last; 0: none
    std::int32_t version = 0;        // of its data then
    SteadyTime first_seen{};         // when this version was read first
  };

  [[nodiscard]] Known& known() ZKLOCK_REQUIRES(mutex_);

  Mutex mutex_;
  // Null: nothing was listed. Most locks never wait, and should be small.
  std::unique_ptr<Known> known_ ZKLOCK_GUARDED_BY(mutex_);
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_QUEUE_HOLDER_MEMORY_H_
