#include "queue/holder_memory.h"

#include <algorithm>
#include <utility>

#include "base/mutex.h"

namespace zklock::internal {

void HolderMemory::listed(const std::string& holder, std::int64_t own_czxid) {
  const MutexLock lock(mutex_);
  if (holder != holder_) {
    holder_ = holder;
    known_before_holder_ = known_queue_;
  }
  known_queue_ = std::max(known_queue_, own_czxid);
}

HolderView HolderMemory::see(const std::string& holder, const Stat& stat,
                             std::optional<Metadata> metadata, SteadyTime now) {
  const MutexLock lock(mutex_);
  if (stat.czxid != czxid_ || stat.version != version_) first_seen_ = now;
  czxid_ = stat.czxid;
  version_ = stat.version;
  // If another thread has listed another holder in between, assume that this one was seen before:
  // that is the safe side.
  const bool seen_further_back = holder != holder_ || stat.czxid < known_before_holder_;
  return HolderView{stat, std::move(metadata), first_seen_, seen_further_back};
}

}  // namespace zklock::internal
