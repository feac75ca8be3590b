// local_queue.h: the waiting claims of this process, which report their progress to each other.
#ifndef ZKLOCK_SRC_LOCK_LOCAL_QUEUE_H_
#define ZKLOCK_SRC_LOCK_LOCAL_QUEUE_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/mutex.h"

namespace zklock::internal {

/// Reports whether a claim of this process has ever been the first of its queue. From then on no
/// claim is in front of it, even if it is gone by now.
/// Thread safety: all of it may be called from any thread.
class LocalClaim {
 public:
  void become_first() noexcept { was_first_.store(true); }
  [[nodiscard]] bool was_first() const noexcept { return was_first_.load(); }

 private:
  std::atomic<bool> was_first_{false};
};

/// The waiting claims of this process. A claim that waits behind one of them sees here that the
/// claim ahead has become the first. The deletion of that claim is then the grant, without another
/// list. So threads of one process hand over the lock without asking the servers which claim is
/// first.
///
/// Thread safety: all of it may be called from any thread.
class LocalQueue {
 public:
  /// Registers a waiting claim until the returned pointer is dropped. `czxid`: of its creation.
  /// (Two clients in a test may give the same name.)
  [[nodiscard]] std::shared_ptr<LocalClaim> add(const std::string& path, std::int64_t czxid);
  /// Returns null if no claim of this process waits with that path and czxid.
  [[nodiscard]] std::shared_ptr<const LocalClaim> find(const std::string& path,
                                                       std::int64_t czxid) const;

 private:
  using Key = std::pair<std::string, std::int64_t>;

  /// Shared with the registered claims, which may outlive the queue.
  struct Table {
    Mutex mutex;
    std::map<Key, std::weak_ptr<LocalClaim>> claims ZKLOCK_GUARDED_BY(mutex);
  };
  const std::shared_ptr<Table> table_ = std::make_shared<Table>();
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_LOCAL_QUEUE_H_
