// zklock/lock_observer.h: a hook for metrics and tracing.
#ifndef ZKLOCK_LOCK_OBSERVER_H_
#define ZKLOCK_LOCK_OBSERVER_H_

#include <zklock/lock.h>

#include <chrono>
#include <cstddef>
#include <string>

namespace zklock {

/// Is told what happens to the claims of a ZooKeeperLock. Override what you need.
///
/// Thread safety: called from any thread, also from several at once; on the thread of the call that
/// it is about, except for `on_lost`. Never called with a lock of the library held: it may call the
/// library. What it throws is logged and dropped.
class ZKLOCK_EXPORT LockObserver {
 public:
  virtual ~LockObserver();

  /// The claim `znode` waits, with `ahead` claims ahead of it. Told again when that was listed
  /// anew.
  virtual void on_waiting(const std::string& znode, std::size_t ahead);
  /// `lock` is about to return this lease, after so long.
  virtual void on_granted(const Lease& lease, std::chrono::nanoseconds waited);
  /// `lock` on `path` is about to fail with this error, after so long.
  virtual void on_lock_failed(const std::string& path, const LockError& error,
                              std::chrono::nanoseconds waited);
  /// The claim had gone from the queue, with its session or by somebody's hand, and is made anew.
  virtual void on_requeued(const std::string& znode);
  /// The claim `znode` of a holder past its TTL was removed.
  virtual void on_purged(const std::string& znode);
  /// The lease was released by an unlock.
  virtual void on_released(const Lease& lease);
  /// An unlock found the claim deleted by somebody else (`lock_lost`), or could not confirm that it
  /// is gone (`unlocking_failed`): it is removed in the background then.
  virtual void on_unlock_failed(const Lease& lease, const LockError& error);
  /// The lease was lost: Lease::loss_reason says why.
  virtual void on_lost(const Lease& lease);

 protected:
  LockObserver() = default;
  LockObserver(const LockObserver&) = default;
  LockObserver& operator=(const LockObserver&) = default;
};

}  // namespace zklock

#endif  // ZKLOCK_LOCK_OBSERVER_H_
