#include "queue/holder_memory.h"

#include <algorithm>
#include <utility>

#include "base/mutex.h"

namespace zklock::internal {

HolderMemory::Known& HolderMemory::known() {
  if (!known_) known_ = std::make_unique<Known>();
  return *known_;
}

void HolderMemory::listed(const std::string& holder, std::int64_t own_czxid) {
  const MutexLock lock(mutex_);
  Known& now = known();
  if (holder != now.holder) {
    now.holder = holder;
    now.before_holder = now.queue;
  }
  now.queue = std::max(now.queue, own_czxid);
}

HolderView HolderMemory::see(const std::string& holder, const Stat& stat,
                             std::optional<Metadata> metadata, SteadyTime now) {
  const MutexLock lock(mutex_);
  Known& last = known();
  if (stat.czxid != last.czxid || stat.version != last.version) last.first_seen = now;
  last.czxid = stat.czxid;
  last.version = stat.version;
  // If another thread has listed another holder in between, assume that this one was seen before:
  // that is the safe side.
  const bool seen_further_back = holder != last.holder || stat.czxid < last.before_holder;
  return HolderView{stat, std::move(metadata), last.first_seen, seen_further_back};
}

}  // namespace zklock::internal
