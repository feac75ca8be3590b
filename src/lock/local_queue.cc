#include "lock/local_queue.h"

#include "base/mutex.h"

namespace zklock::internal {

std::shared_ptr<LocalClaim> LocalQueue::add(const std::string& path, std::int64_t czxid) {
  const Key key(path, czxid);
  // A claim behind may keep this entry after the wait. That is harmless: no other claim has its
  // key.
  std::shared_ptr<LocalClaim> progress(new LocalClaim, [table = table_, key](LocalClaim* ended) {
    {
      const MutexLock lock(table->mutex);
      table->claims.erase(key);
    }
    delete ended;  // NOLINT(cppcoreguidelines-owning-memory): this is its owner
  });
  const MutexLock lock(table_->mutex);
  table_->claims[key] = progress;
  return progress;
}

std::shared_ptr<const LocalClaim> LocalQueue::find(const std::string& path,
                                                   std::int64_t czxid) const {
  const MutexLock lock(table_->mutex);
  const auto found = table_->claims.find(Key(path, czxid));
  return found == table_->claims.end() ? nullptr : found->second.lock();
}

}  // namespace zklock::internal
