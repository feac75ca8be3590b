// local_queue.h: what the locks of one process know of each other's claims.
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

/// Whether a claim of this process has been the first of its queue. Once it has, no claim is left
/// in front of it, even if it has gone since.
class LocalClaim {
 public:
  void become_first() noexcept { was_first_.store(true); }
  [[nodiscard]] bool was_first() const noexcept { return was_first_.load(); }

 private:
  std::atomic<bool> was_first_{false};
};

/// The waiting claims of this process. A claim that waits behind one of them learns here that the
/// one ahead has become the first. The deletion of the one ahead is then the grant, without another
/// list. So a queue of threads of one process hands over without asking the servers.
///
/// Thread safety: all of it may be called from any thread.
class LocalQueue {
 public:
  /// Registers a waiting claim until the returned pointer is dropped. `czxid`: of its creation;
  /// names alone may repeat, as a test's clients may give the same one twice.
  [[nodiscard]] std::shared_ptr<LocalClaim> add(const std::string& path, std::int64_t czxid);
  /// Null: no claim of this process waits under that path and czxid.
  [[nodiscard]] std::shared_ptr<const LocalClaim> find(const std::string& path,
                                                       std::int64_t czxid) const;

 private:
  using Key = std::pair<std::string, std::int64_t>;

  /// Shared with the claims that are registered, which may outlive the queue.
  struct Table {
    Mutex mutex;
    std::map<Key, std::weak_ptr<LocalClaim>> claims ZKLOCK_GUARDED_BY(mutex);
  };
  const std::shared_ptr<Table> table_ = std::make_shared<Table>();
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_LOCAL_QUEUE_H_
