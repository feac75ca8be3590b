// zklock/lock_observer.h: a hook for metrics and tracing.
#ifndef ZKLOCK_LOCK_OBSERVER_H_
#define ZKLOCK_LOCK_OBSERVER_H_

#include <zklock/lock.h>

#include <chrono>
#include <cstddef>
#include <string>

namespace zklock {

/// Receives what happens to the claims of a ZooKeeperLock. Override what you need.
///
/// Thread safety: called from any thread, also from several at once; on the thread of the call that
/// it reports, except for `on_lost`, `on_suspended` and `on_resumed`. The library holds no mutex of
/// its own meanwhile, so it may call the library. Exceptions are logged and dropped.
class ZKLOCK_EXPORT LockObserver {
 public:
  virtual ~LockObserver();

  /// The claim `znode` waits, with `ahead` claims ahead of it. Called again after each new list.
  virtual void on_waiting(const std::string& znode, std::size_t ahead);
  /// `lock` is about to return this lease.
  virtual void on_granted(const Lease& lease, std::chrono::nanoseconds waited);
  /// `lock` on `path` is about to fail with this error.
  virtual void on_lock_failed(const std::string& path, const LockError& error,
                              std::chrono::nanoseconds waited);
  /// The claim disappeared from the queue, because its session ended or somebody deleted it; `lock`
  /// queues again.
  virtual void on_requeued(const std::string& znode);
  /// This lock removed the claim `znode` of a holder past its TTL.
  virtual void on_purged(const std::string& znode);
  /// The lease was released by an unlock.
  virtual void on_released(const Lease& lease);
  /// An unlock, also that of a guard, did not do what it was asked; it is logged as a warning, too.
  /// The lease is empty if the unlock found no grant to release: then nothing is released, and the
  /// error says why. Otherwise it is lost (`lock_lost`), or the servers could not confirm its end
  /// (`unlocking_failed`), which then continues in the background.
  virtual void on_unlock_failed(const Lease& lease, const LockError& error);
  /// The lease is suspended: see WhenUncertain. Lease::valid is false, and Lease::suspended has
  /// requested stop.
  virtual void on_suspended(const Lease& lease);
  /// A lease that was suspended is valid again. It may have been suspended or lost again since.
  virtual void on_resumed(const Lease& lease);
  /// The lease was lost. Lease::loss_reason says why.
  virtual void on_lost(const Lease& lease);

 protected:
  LockObserver() = default;
  LockObserver(const LockObserver&) = default;
  LockObserver& operator=(const LockObserver&) = default;
};

}  // namespace zklock

#endif  // ZKLOCK_LOCK_OBSERVER_H_
