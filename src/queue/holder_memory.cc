#include "queue/holder_memory.h"

#include <algorithm>
#include <utility>

#include "base/mutex.h"

namespace zklock::internal {

void HolderMemory::listed(const std::string& head, std::int64_t own_czxid) {
  const MutexLock lock(mutex_);
  if (head != head_) {
    head_ = head;
    known_before_head_ = known_queue_;
  }
  known_queue_ = std::max(known_queue_, own_czxid);
}

HolderView HolderMemory::see(const std::string& head, const Stat& stat,
                             std::optional<Metadata> metadata, SteadyTime now) {
  const MutexLock lock(mutex_);
  if (stat.czxid != czxid_ || stat.version != version_) first_seen_ = now;
  czxid_ = stat.czxid;
  version_ = stat.version;
  // Another thread has listed another head meanwhile: to be on the safe side, this one was seen
  // before.
  const bool seen_further_back = head != head_ || stat.czxid < known_before_head_;
  return HolderView{stat, std::move(metadata), first_seen_, seen_further_back};
}

}  // namespace zklock::internal
